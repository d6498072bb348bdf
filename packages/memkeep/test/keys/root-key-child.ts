/** A process of its own that makes root keys at given times, as others do: the n-th `everyMs` * n after `startAtMs`. */
import { join } from 'node:path'
import { localKeys } from '../../src/keys/drivers/local.ts'

const order = JSON.parse(process.argv[2]!) as { directory: string; roots: number; startAtMs: number; everyMs: number }
const results: { id: string; wrapped: string }[] = []
for (let n = 0; n < order.roots; n++) {
  const provider = localKeys({ file: join(order.directory, `${n}.key`) })
  const atMs = order.startAtMs + n * order.everyMs
  await new Promise((resolve) => setTimeout(resolve, atMs - Date.now() - 2))
  while (Date.now() < atMs) {}
  const wrapped = await provider.wrap(Buffer.alloc(32, 9), Buffer.from('context'))
  results.push({ id: provider.id, wrapped: Buffer.from(wrapped).toString('hex') })
}
process.stdout.write(JSON.stringify(results))
