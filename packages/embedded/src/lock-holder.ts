// The program of a process that holds a directory's supervisor lock: node lock-holder.ts DIR. It says `held` or `taken`, and
// lets go when its input ends, so also when the process that started it dies.
import { argv, stdin, stdout } from 'node:process'
import { layoutOf } from './layout.ts'
import { takeSupervisorLock } from './supervisor-lock.ts'

const [dir = ''] = argv.slice(2)
const lock = takeSupervisorLock(layoutOf(dir))
stdout.write(lock === null ? 'taken\n' : 'held\n')
if (lock !== null) stdin.resume().once('close', () => lock.close())
