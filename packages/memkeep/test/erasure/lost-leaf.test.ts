import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { readHead } from '../../src/audit/witness.ts'
import type { Keep } from '../../src/index.ts'
import { acceptRollback } from '../../src/install.ts'
import { verifyAttestation } from '../../src/verify.ts'
import { adminOf, grantOf } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// The event of a verification is lost before the attestation could show it: the scope is verified anew.

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
})
afterEach(() => store[Symbol.asyncDispose]())

const sql = <T extends object>(text: string, values: unknown[] = []) => store.database.query<T>(text, values)
const witness = () => fileWitness({ path: join(store.keyDir, 'witnessed') })
const open = (reach: (point: string) => void = () => {}) =>
  store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { mergeDelaySeconds: 3600, witness: witness() },
    seams: { clock: store.clock, reach },
  })

/** Killed when the verification stands noted. */
async function verified(): Promise<string> {
  const dying = await open((point) => {
    if (point === 'erasure.derive.noted') store.clock.advance(300_001)
    if (point === 'erasure.verify.noted') throw new Error('killed')
  })
  const erasure = await dying.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(erasure.done).rejects.toThrow('killed')
  await dying.close()
  return erasure.id
}

/** Upkeep of a process that knows nothing of it: the first pass sees what is lost, the next that the new event is logged. */
async function attested(keep: Keep, id: string) {
  for (let pass = 0; pass < 2; pass++) {
    store.clock.advance(61_000)
    await keep.runUpkeep()
  }
  const view = (await keep.privileged(grantOf('erase')).erasures.show(id))!
  expect(view.state).toBe('done')
  return verifyAttestation(view.report!.attestation)
}

test('an event that waited for its place and was taken out', async () => {
  await store.memory().add('said', { actor: 'user' })
  const id = await verified()
  await sql("delete from memkeep.pending where id in (select id from memkeep.event where action = 'erasure.verified')")
  await sql("delete from memkeep.event where action = 'erasure.verified'")
  const { predicate, leaf } = await attested(await open(), id)
  expect(predicate.stores).toContainEqual({ name: 'memory', deleted: 1, remaining: 0 })
  expect(leaf).toMatchObject({ resource: `erasure:${id}` })
  expect(await sql("select 1 from memkeep.event where action = 'erasure.verified'")).toHaveLength(1)
}, 60_000)

test('a log that was put back behind it, which was accepted', async () => {
  const keep = await open()
  await store.memory({}, keep).add('said', { actor: 'user' })
  await keep.runUpkeep()
  const added = "select tenant from memkeep.event where action = 'memory.add'"
  const [{ tenant, size, note }] = (await sql<{ tenant: Buffer; size: string; note: string }>(
    `select tenant, size, note from memkeep.log where tenant in (${added})`,
  )) as [never]
  store.clock.advance(60_000)
  const id = await verified()
  // Within the minute for which the one that was killed holds it.
  await keep.runUpkeep()
  store.clock.advance(60_000)
  await keep.close()
  await sql('delete from memkeep.log_entry where tenant = $1 and seq >= $2', [tenant, size])
  await sql('delete from memkeep.checkpoint where tenant = $1 and size > $2', [tenant, size])
  await sql('delete from memkeep.anchor where tenant = $1', [tenant])
  await sql('update memkeep.log set size = $1, note = $2 where tenant = $3', [size, note, tenant])
  const last = readFileSync(witness().file!, 'utf8').trimEnd().split('\n').at(-1)!
  const { size: confirm } = readHead((JSON.parse(last) as { checkpoint: string }).checkpoint)
  const { admin, app: database } = store.database
  const place = { ...keysAt(store.keyDir), admin, database, witness: witness() }
  await acceptRollback({ ...place, by: 'olga', reason: 'one table was restored', confirm })
  const { leaf } = await attested(await open(), id)
  expect(leaf).toMatchObject({ resource: `erasure:${id}` })
}, 60_000)
