import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ErasureView } from '../../src/index.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { canonicalBytes } from '../../src/proof/canonical-bytes.ts'
import { verifyAttestation } from '../../src/verify.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// An attestation is made of what the steps noted. Here somebody owns the database, and changes that before it is made.

let store: TestKeep
/** One that is done, to take notes from. */
let former: string
beforeAll(async () => {
  store = await TestKeep.start()
  await store.memory({ subject: 'former' }).add('said', { actor: 'user' })
  former = (await finished(store, await store.keep.eraseSubject(adminOf('former'), { reason: 'test' }))).id
})
afterAll(() => store?.[Symbol.asyncDispose]())

let subject = ''
let id = ''
let made = 0
beforeEach(async () => {
  subject = `s${made++}`
  for (const text of ['one', 'two']) await store.memory({ subject }).add(text, { actor: 'user' })
  // Killed when everything is deleted and the keys are not: as that takes minutes, so can whoever owns the database.
  const reach = (point: string): void => {
    if (point === 'erasure.derive.noted') throw new Error('killed')
  }
  const keep = await store.open({ seams: { clock: store.clock, reach } })
  const erasure = await keep.eraseSubject(adminOf(subject), { reason: 'request' })
  await erasure.done.catch(() => {})
  await keep.close()
  id = erasure.id
})

const view = async (): Promise<ErasureView> => (await store.keep.privileged(grantOf('erase')).erasures.show(id))!

/** As upkeep of any process goes on; the code of what kept it. */
async function goOn(): Promise<string> {
  store.clock.advance(300_001)
  await store.database.query('update memkeep.erasure set held_until_ms = 0')
  const code = await codeOf(store.keep.runUpkeep())
  // Its event has its place now.
  if (code === 'none') await store.database.query('update memkeep.erasure set held_until_ms = 0')
  if (code === 'none') await store.keep.runUpkeep()
  return code
}

const step = (name: string) => `erasure = '${id}' and step = '${name}'`
const changeNotes = (name: string, to: string) =>
  store.database.query(`update memkeep.erasure_step set notes = $1 where ${step(name)}`, [to])
const notesOf = async (name: string) =>
  (await store.database.query<{ notes: string }>(`select notes from memkeep.erasure_step where ${step(name)}`))[0]!
    .notes
const setStep = (name: string, what: string) =>
  store.database.query(`update memkeep.erasure_step set ${what} where ${step(name)}`)
const set = (what: string) => store.database.query(`update memkeep.erasure set ${what} where id = '${id}'`)

test('untouched it ends, and its leaf in the log is its own', async () => {
  expect(await goOn()).toBe('none')
  const { report } = await view()
  expect(report!.stores).toContainEqual({ name: 'memory', deleted: 2, remaining: 0 })
  const { leaf } = await verifyAttestation(report!.attestation)
  expect(leaf.resource).toBe(`erasure:${id}`)
})

/** What the kernel itself puts beside a note, from the keys. */
async function forgedSeals(): Promise<void> {
  const { keys: provider, keyStore } = keysAt(store.keyDir)
  const keyring = new Keyring({ provider, store: keyStore, clock: store.clock, reach: () => {} })
  const deployment = await keyring.deployment()
  const [row] = await store.database.query<Record<string, Buffer>>('select * from memkeep.erasure where id = $1', [id])
  const { tenant, subject: shelf, epoch, principal, scope_commit, requested_ms } = row!
  const before: Buffer[] = []
  for (const name of ['authorise', 'enumerate', 'bar', 'invalidate', 'delete', 'derive']) {
    const [noted] = await store.database.query<{ notes: string; ended_ms: number }>(
      `select notes, ended_ms from memkeep.erasure_step where ${step(name)}`,
    )
    const asked = [
      id,
      tenant!,
      'subject',
      shelf!,
      Number(epoch),
      'bar',
      'request',
      'principal',
      principal!,
      scope_commit!,
    ]
    const said = [Number(requested_ms), name, noted!.notes, Number(noted!.ended_ms), Buffer.concat(before)]
    const mac = deployment.keyedTag('erasure-note', canonicalBytes([...asked, ...said]))
    await store.database.query(`update memkeep.erasure_step set mac = $1 where ${step(name)}`, [mac])
    before.push(mac)
  }
  keyring.close()
}

const better = async () => changeNotes('delete', (await notesOf('delete')).replace('"memory":2', '"memory":7'))

test('with the deployment’s keys, which nobody has who only owns the database, a count that was changed is attested', async () => {
  await better()
  await forgedSeals()
  expect(await goOn()).toBe('none')
  const { report } = await view()
  expect(report!.stores).toContainEqual({ name: 'memory', deleted: 7, remaining: 0 })
})

const attacks: [what: string, attack: () => Promise<unknown>][] = [
  ['a count', better],
  [
    'the plan',
    async () => changeNotes('enumerate', (await notesOf('enumerate')).replace('"keyCount":1', '"keyCount":0')),
  ],
  ['what is not covered', async () => changeNotes('derive', '{"deleted":{},"derived":[],"notCovered":[]} ')],
  ['when it was deleted', () => setStep('delete', 'ended_ms = ended_ms - 1')],
  ['the seal', () => setStep('delete', 'mac = null')],
  [
    'a step, in the place of which another erasure’s stands',
    () =>
      store.database.query(
        `update memkeep.erasure_step s set notes = f.notes, ended_ms = f.ended_ms, mac = f.mac from memkeep.erasure_step f
         where s.erasure = $1 and s.step = 'delete' and f.erasure = $2 and f.step = 'delete'`,
        [id, former],
      ),
  ],
  ['a step, which is taken back', () => setStep('delete', 'ended_ms = null')],
  [
    'a step, which is taken away',
    () => store.database.query(`delete from memkeep.erasure_step where ${step('delete')}`),
  ],
  ['in which epoch', () => set('epoch = 0')],
  ['why', () => set('reason = 3')],
  ['the seal of what was asked for', () => set('seal = null')],
  ['who asked', () => set('asked_by = 1')],
  ['by whom', () => set("principal = decode(repeat('07', 16), 'hex')")],
  ['when it was asked for', () => set('requested_ms = requested_ms - 1')],
  ['when it was barred', () => set('barred_ms = barred_ms - 1')],
  ['whom it is of', () => set("scope_commit = decode(repeat('07', 32), 'hex')")],
  ['its names, so that no outside store is asked', () => set('names = null')],
]

type Rows = [table: string, rows: Record<string, unknown>[]][]
const everyRow = (): Promise<Rows> =>
  Promise.all(
    ['erasure', 'erasure_step'].map(
      async (table): Promise<Rows[number]> => [
        table,
        await store.database.query<Record<string, unknown>>(`select * from memkeep.${table}`),
      ],
    ),
  )
async function putBack(all: Rows): Promise<void> {
  for (const [table, rows] of all) {
    await store.database.query(`delete from memkeep.${table}`)
    for (const row of rows) {
      const [columns, values] = [Object.keys(row), Object.values(row)]
      const places = values.map((_, at) => `$${at + 1}`)
      await store.database.query(`insert into memkeep.${table} (${columns}) values (${places})`, values)
    }
  }
}

test('changed in the database, whatever it is, it stays open with a typed error; put back, it ends', async () => {
  const before = await everyRow()
  for (const [what, attack] of attacks) {
    await attack()
    expect(await goOn(), what).toBe('ERR_SEAL_BROKEN')
    expect(await view(), what).toMatchObject({ state: 'open', report: null })
    await putBack(before)
  }
  await goOn()
  expect(await view()).toMatchObject({ state: 'done' })
}, 60_000)

test('where its notes are lost, every step is done again', async () => {
  await store.database.query('delete from memkeep.erasure_step where erasure = $1', [id])
  await goOn()
  await goOn()
  const { state, report } = await view()
  expect(state).toBe('done')
  expect(report!.stores).toContainEqual({ name: 'memory', deleted: 0, remaining: 0 })
  await verifyAttestation(report!.attestation)
})
