// The program of the detached process that owns a server: node supervisor.ts DIR IDLE_SECONDS create|existing
import { argv, stdout } from 'node:process'
import { checkDirectory } from './check-directory.ts'
import { Failure, unavailable } from './failure.ts'
import { layoutOf } from './layout.ts'
import { supervise } from './supervise.ts'
import { takeSupervisorLock } from './supervisor-lock.ts'

const [dir = '', idleSeconds, mode] = argv.slice(2)
let ended = false
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    ended = true
  })
}
// Whoever started this process may be gone by the time that there is something to tell.
stdout.on('error', () => {})

try {
  const layout = layoutOf(dir)
  const create = mode === 'create'
  checkDirectory(layout, create)
  const lock = takeSupervisorLock(layout)
  if (lock) await supervise(layout, { idleSeconds: Number(idleSeconds), create, ended: () => ended })
  lock?.close()
} catch (error) {
  console.error(error)
  const { code, message } = error instanceof Failure ? error : unavailable('The supervisor failed: see server.log.')
  stdout.write(JSON.stringify({ code, message }))
  process.exitCode = 1
}
