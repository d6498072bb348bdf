import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { readHead } from '../../src/audit/witness.ts'
import { acceptRollback } from '../../src/install.ts'
import { verifyLedger } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf } from '../support/code-of.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// One tenant's log was put back, and the deployment's was not: the witness sees nothing of that, the key store does.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

const sql = <T extends object>(text: string, values: unknown[] = []) => store.database.query<T>(text, values)
const witness = () => fileWitness({ path: join(store.keyDir, 'witnessed') })
/** Another process, with the witness of all. */
const open = () =>
  store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { mergeDelaySeconds: 3600, witness: witness() },
  })

const accept = (change: object = {}) => {
  const last = readFileSync(witness().file!, 'utf8').trimEnd().split('\n').at(-1)!
  const { size } = readHead((JSON.parse(last) as { checkpoint: string }).checkpoint)
  const { admin, app: database } = store.database
  const place = { ...keysAt(store.keyDir), admin, database, witness: witness() }
  return acceptRollback({ ...place, by: 'olga', reason: 'one table was restored', confirm: size, ...change })
}

interface Log {
  readonly tenant: Buffer
  readonly size: string
  readonly note: string
}

test('it is accepted, and what waits is logged in a new line that names how far the former one came', async () => {
  const keep = await open()
  await store.memory({}, keep).add('kept', { actor: 'user' })
  await keep.runUpkeep()
  const added = "select tenant from memkeep.event where action = 'memory.add'"
  const [old] = (await sql<Log>(`select tenant, size, note from memkeep.log where tenant in (${added})`)) as [Log]
  store.clock.advance(60_000)
  await store.memory({}, keep).add('given up', { actor: 'user' })
  await keep.runUpkeep()
  expect(await codeOf(accept()), 'nothing was put back').toBe('ERR_INPUT_INVALID')

  const { tenant, size, note } = old
  await sql('delete from memkeep.log_entry where tenant = $1 and seq >= $2', [tenant, size])
  await sql('delete from memkeep.checkpoint where tenant = $1 and size > $2', [tenant, size])
  await sql('delete from memkeep.anchor where tenant = $1', [tenant])
  await sql('update memkeep.log set size = $1, note = $2 where tenant = $3', [size, note, tenant])
  store.clock.advance(60_000)
  const another = await open()
  const { id } = await store.memory({}, another).add('after it', { actor: 'user' })
  expect(await codeOf(another.runUpkeep())).toBe('ERR_STORE_UNSAFE')
  expect(await codeOf(accept({ confirm: 1 })), 'who says how much is given up').toBe('ERR_INPUT_INVALID')

  expect(await accept()).toMatchObject({ line: 2, witnessed: true })
  const next = await open()
  store.clock.advance(60_000)
  await next.runUpkeep()
  const { audit } = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }, next)
  const [event] = (await audit.list({ memory: id })).items
  expect(event).toMatchObject({ line: 2, intact: true })
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of audit.export()) files.set(path, bytes)
  const { previous } = await verifyLedger(bundleOf(files))
  expect(previous).toMatchObject({ size: Number(size) })
  expect(await codeOf(accept()), 'once').toBe('ERR_INPUT_INVALID')
})
