import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const runCommand = fileURLToPath(new URL('run-command.ts', import.meta.url))
export const onSources = ['--conditions=memkeep-src', '--disable-warning=ExperimentalWarning', runCommand]

/** `memkeep serve` in a process of its own, with what it said so far. */
export class ServingProcess {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''

  private constructor(child: ChildProcess) {
    this.child = child
    child.stdout!.on('data', (data) => {
      this.stdout += data
    })
    child.stderr!.on('data', (data) => {
      this.stderr += data
    })
  }

  /** Settles when it listens; rejects with what it said when it ends before. */
  static start(...args: string[]): Promise<ServingProcess> {
    return ServingProcess.startIn({}, ...args)
  }

  /** With variables of the environment beside this process's own. */
  static async startIn(env: Readonly<Record<string, string>>, ...args: string[]): Promise<ServingProcess> {
    const program = [...onSources, 'serve', '--port', '0', ...args]
    const serving = new ServingProcess(spawn(process.execPath, program, { env: { ...process.env, ...env } }))
    await new Promise<void>((resolve, reject) => {
      serving.child.stdout!.on('data', () => {
        if (serving.stdout.endsWith('\n\n')) resolve()
      })
      serving.child.once('exit', (code) => reject(new Error(`exit ${code}: ${serving.stderr}`)))
    })
    return serving
  }

  get url(): string {
    return /listening on (http:\S+)/.exec(this.stdout)![1]!
  }

  /** Ends it with a signal and returns its exit code, null when the signal killed it. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve(this.child.exitCode)
    return new Promise((resolve) => {
      this.child.once('exit', (code) => resolve(code))
      this.child.kill(signal)
    })
  }
}
