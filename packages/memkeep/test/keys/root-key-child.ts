/** A process of its own that wraps a key of nines at a given time, making the root key when there is none. */
import { localKeys } from '../../src/keys/drivers/local.ts'

const [file, startAtMs] = process.argv.slice(2)
const provider = localKeys({ file: file! })
while (Date.now() < Number(startAtMs)) {}
const wrapped = await provider.wrap(Buffer.alloc(32, 9), Buffer.from('context'))
process.stdout.write(JSON.stringify({ id: provider.id, wrapped: Buffer.from(wrapped).toString('hex') }))
