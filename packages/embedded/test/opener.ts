// A program that opens a directory, says so on a line of its output, and holds it until it is killed or told to let go.
import { argv, stdin, stdout } from 'node:process'
import { embedded } from '@memkeep/embedded'

const [dir = '', idleSeconds = '1'] = argv.slice(2)
const engine = await embedded({ dir, idleSeconds: Number(idleSeconds) }).start()
stdout.write(`${JSON.stringify(engine)}\n`)
stdin.once('data', async () => {
  await engine.release()
  stdin.destroy()
})
