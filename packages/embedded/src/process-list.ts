import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'

export interface RunningProcess {
  readonly pid: number
  readonly uid: number
  /** As it shows itself: its arguments, or what it wrote over them. */
  readonly args: readonly string[]
}

/** Every process that this one may see. Zombies show no arguments and are left out. */
export function runningProcesses(): readonly RunningProcess[] {
  return process.platform === 'linux' ? fromProc() : fromPs()
}

// Arguments and owner are open to all; the working directory and the program of another user's process are not, even to
// root in an ordinary container.
function fromProc(): RunningProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(readProc).filter((found) => found !== null)
}

function readProc(pid: string): RunningProcess | null {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return args[0] ? { pid: Number(pid), uid: statSync(`/proc/${pid}`).uid, args } : null
  } catch {
    return null
  }
}

function fromPs(): RunningProcess[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,uid=,command='], { encoding: 'utf8' })
  const lines = (stdout ?? '').split('\n').map((line) => line.match(/^\s*(\d+)\s+(\d+)\s+(.*)$/))
  return lines
    .filter((found) => found !== null)
    .map(([, pid, uid, command]) => {
      return {
        pid: Number(pid),
        uid: Number(uid),
        args: command?.startsWith('postgres: ') ? [command] : command!.split(' '),
      }
    })
}
