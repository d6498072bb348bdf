import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lineOf, readLines } from '../../src/erasure/ledger-lines.ts'
import { requestSealOf } from '../../src/erasure/request-seal.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { TestKeep } from '../support/test-keep.ts'

// Somebody owns the database and has no keys: rows of erasures that nobody asked for.

let store: TestKeep
const ledger = ledgerBeside(() => store)

beforeAll(async () => {
  store = await TestKeep.start({
    erasureLedger: ledger,
    rebuilders: { summary: async ({ sources }) => sources.map(({ content }) => content).join(' + ') },
  })
})
afterAll(() => store?.[Symbol.asyncDispose]())

interface Shelf {
  readonly tenant: Buffer
  readonly subject: Buffer
  readonly epoch: number
}

/** A subject with one memory, and its shelf. */
async function living(subject: string): Promise<Shelf> {
  const before = await store.database.query<Shelf>('select subject from memkeep.shelf')
  await store.memory({ subject }).add('alive', { actor: 'user' })
  const shelves = await store.database.query<Shelf>('select tenant, subject, epoch from memkeep.shelf')
  return shelves.find((shelf) => !before.some((each) => each.subject.equals(shelf.subject)))!
}

async function plant(row: Record<string, unknown>): Promise<string> {
  const id = randomUUID()
  const whole: Record<string, unknown> = {
    id,
    kind: 0,
    epoch: 1,
    state: 0,
    after: 0,
    reason: 0,
    asked_by: 2,
    principal: randomBytes(16),
    scope_commit: randomBytes(32),
    requested_ms: store.clock.now(),
    until_ms: 0,
    held_until_ms: 0,
    ...row,
  }
  const places = Object.keys(whole).map((_, at) => `$${at + 1}`)
  const text = `insert into memkeep.erasure (${Object.keys(whole)}) values (${places})`
  await store.database.query(text, Object.values(whole))
  return id
}

const forgetRow = (id: string) => store.database.query('delete from memkeep.erasure where id = $1', [id])

test('one that has ended, of an epoch that never was, leaves the key store as it is', async () => {
  const { tenant } = await living('gone')
  const id = await plant({ tenant, subject: randomBytes(16), epoch: 999_999_999, state: 1, done_ms: 0 })
  const { keyStore } = keysAt(store.keyDir)
  const before = await keyStore.list('guard/')
  expect(await codeOf(store.keep.runUpkeep())).toBe('ERR_SEAL_BROKEN')
  expect(await keyStore.list('guard/')).toEqual(before)
  await forgetRow(id)
  // Whoever is made afterwards outlives the replacement of keys that an erasure brings.
  await living('late')
  await finished(store, await store.keep.eraseSubject(adminOf('gone'), { reason: 'request' }))
  await using keep = await store.open()
  expect((await store.memory({ subject: 'late' }, keep).list()).items).toHaveLength(1)
}, 60_000)

const nobody = Buffer.alloc(16)
const readable = async (subject: string) => (await store.memory({ subject }).list()).items.length

/** Upkeep a few times, past any wait: the first error. */
async function pump(): Promise<string> {
  const codes: string[] = []
  for (let run = 0; run < 3; run++) {
    codes.push(await codeOf(store.keep.runUpkeep()))
    store.clock.advance(400_000)
    await store.database.query('update memkeep.erasure set held_until_ms = 0')
  }
  return codes.find((code) => code !== 'none') ?? 'none'
}

test('one of the guard’s, of a subject or a tenant, erases nobody and gets no line', async () => {
  const { tenant, subject } = await living('wim')
  const lines = await ledger.read()
  for (const place of [
    { kind: 0, subject },
    { kind: 1, subject: nobody },
  ]) {
    const id = await plant({ tenant, ...place })
    expect(await pump()).toBe('ERR_SEAL_BROKEN')
    expect(await readable('wim')).toBe(1)
    expect(await store.keep.privileged(grantOf('erase')).erasures.show(id)).toMatchObject({ state: 'open', steps: [] })
    await forgetRow(id)
  }
  expect(await ledger.read()).toEqual(lines)
})

/** The row as the kernel would have sealed it. */
async function sealed(id: string, { tenant, subject, epoch }: Shelf): Promise<void> {
  const { keys: provider, keyStore } = keysAt(store.keyDir)
  const keyring = new Keyring({ provider, store: keyStore, clock: store.clock, reach: () => {} })
  const [row] = await store.database.query<Record<string, Buffer>>('select * from memkeep.erasure where id = $1', [id])
  const { principal, scope_commit } = row!
  const fixed = { kind: 'subject', after: 'bar', reason: 'request', askedBy: 'guard' } as const
  const asked = { ...fixed, id, tenant, subject, epoch, principal: principal!, scopeCommit: scope_commit! }
  const seal = await requestSealOf({ keyring }, asked)
  await store.database.query('update memkeep.erasure set seal = $2 where id = $1', [id, seal])
  keyring.close()
}

test('each is told by its id, until its rows are removed; what stands as it was asked for is not', async () => {
  const shelf = await living('ivo')
  await living('jan')
  await living('kim')
  const honest = await killedAt('jan', 'erasure.enumerate.noted')
  const changed = await killedAt('kim', 'erasure.enumerate.noted')
  await store.database.query('update memkeep.erasure set held_until_ms = 0')
  const row = { tenant: shelf.tenant, subject: shelf.subject, epoch: shelf.epoch }
  const planted = [
    await plant(row),
    await plant({ ...row, reason: 99 }),
    await plant({ ...row, asked_by: 99 }),
    await plant({ ...row, kind: 7 }),
    await plant({ ...row, state: 1, done_ms: 0 }),
  ]
  const notes = (text: string) =>
    store.database.query("update memkeep.erasure_step set notes = $2 where erasure = $1 and step = 'enumerate'", [
      changed,
      text,
    ])
  const [{ notes: stood } = { notes: '' }] = await store.database.query<{ notes: string }>(
    "select notes from memkeep.erasure_step where erasure = $1 and step = 'enumerate'",
    [changed],
  )
  const ids = async () => (await store.keep.refusedErasures()).map(({ id }) => id).sort()
  for (const text of ['{}', 'no JSON', '7']) {
    await notes(text)
    expect(await ids(), text).toEqual([...planted, changed].sort())
  }
  await notes(stood)
  expect(await ids()).toEqual([...planted].sort())
  // Nothing was changed by looking.
  expect(await shown(honest)).toMatchObject({ state: 'open' })
  for (const id of planted) await forgetRow(id)
  expect(await store.keep.refusedErasures()).toEqual([])
  expect(await pump()).toBe('none')
  await pump()
  for (const id of [honest, changed]) expect(await shown(id)).toMatchObject({ state: 'done' })
}, 60_000)

test('with the deployment’s keys too, one of the guard’s needs its line', async () => {
  const shelf = await living('xan')
  const id = await plant({ tenant: shelf.tenant, subject: shelf.subject, epoch: shelf.epoch })
  await sealed(id, shelf)
  const lines = await ledger.read()
  expect(await pump()).toBe('ERR_SEAL_BROKEN')
  expect(await readable('xan')).toBe(1)
  expect(await ledger.read()).toEqual(lines)
  await forgetRow(id)
})

test('one that is done is no answer to a request', async () => {
  const { tenant, subject, epoch } = await living('yve')
  const kept = { report: { id: 'x', kind: 'subject', keysDestroyed: 7, stores: [] }, attestation: '{}', mac: '' }
  const report = Buffer.from(JSON.stringify(kept))
  const id = await plant({ tenant, subject, epoch, state: 1, asked_by: 0, until_ms: 2 ** 52, done_ms: 0, report })
  const erasure = await store.keep.eraseSubject(adminOf('yve'), { reason: 'request' })
  expect(await codeOf(erasure.done)).toBe('ERR_SEAL_BROKEN')
  expect(await readable('yve')).toBe(1)
  await forgetRow(id)
})

/** Asked for, and killed at that point. */
async function killedAt(subject: string, point: string, after: 'bar' | 'reopen' = 'bar'): Promise<string> {
  const reach = (at: string): void => {
    if (at === point) throw new Error('killed')
  }
  const keep = await store.open({ seams: { clock: store.clock, reach } })
  const erasure = await keep.eraseSubject(adminOf(subject), { reason: 'request', after })
  await erasure.done.catch(() => {})
  await keep.close()
  return erasure.id
}

test('one that was carried out is not carried out on whoever begins anew, nor is its report theirs', async () => {
  const { subject } = await living('zoe')
  const id = await killedAt('zoe', 'erasure.authorise.noted', 'reopen')
  const [open] = await store.database.query<Record<string, unknown>>('select * from memkeep.erasure where id = $1', [
    id,
  ])
  await store.database.query('update memkeep.erasure set held_until_ms = 0')
  await finished(store, await store.keep.privileged(grantOf('erase')).erasures.resume(id))
  await store.memory({ subject: 'zoe' }).add('anew', { actor: 'user' })
  const stand = (epoch: number) =>
    store.database.query('update memkeep.shelf set epoch = $2 where subject = $1', [subject, epoch])
  // Its report for the epoch in which the subject stands now.
  await store.database.query('update memkeep.erasure set epoch = 2 where id = $1', [id])
  const asked = await store.keep.eraseSubject(adminOf('zoe'), { reason: 'request' })
  expect(asked.id).toBe(id)
  expect(await codeOf(asked.done)).toBe('ERR_SEAL_BROKEN')
  // The row as it was when it was asked for; and the subject stands in that epoch, by the rows.
  await forgetRow(id)
  await store.database.query('delete from memkeep.erasure_step where erasure = $1', [id])
  await plant({ ...open, held_until_ms: 0 })
  await stand(1)
  expect(await pump()).toBe('ERR_SEAL_BROKEN')
  await stand(2)
  expect(await readable('zoe')).toBe(1)
  await forgetRow(id)
})

const shown = (id: string) => store.keep.privileged(grantOf('erase')).erasures.show(id)

test('a bar that the rows alone have is set all the same', async () => {
  const roles = { roles: ['admin'] }
  const { id: secret } = (await store.memory({ subject: 'una', ...roles }).add('SECRET', { actor: 'user' })) as {
    id: string
  }
  const { id: tea } = (await store.memory({ subject: 'ben', ...roles }).add('tea', { actor: 'user' })) as { id: string }
  const { artifacts } = store.common(roles)
  const summary = await artifacts.register({ kind: 'summary', content: 'SECRET, tea', derivedFrom: [secret, tea] })
  const id = await killedAt('una', 'erasure.enumerate.noted')
  store.clock.advance(400_000)
  const row = `(select subject from memkeep.erasure where id = '${id}')`
  await store.database.query(
    `update memkeep.erasure set barred_ms = requested_ms, held_until_ms = 0 where id = '${id}'`,
  )
  await store.database.query(`update memkeep.shelf set state = 1, version = version + 1 where subject = ${row}`)
  expect(await pump()).toBe('none')
  await pump()
  const { state, report } = (await shown(id))!
  expect(state).toBe('done')
  expect(Date.parse(report!.barrierAt)).toBeGreaterThan(Date.parse(report!.requestedAt))
  expect(report!.derived).not.toEqual([])
  expect((await artifacts.get(summary.id))?.content ?? '').not.toContain('SECRET')
}, 60_000)

test('its end is what was told, whatever the row says', async () => {
  await living('vio')
  const id = await killedAt('vio', 'erasure.derive.noted')
  await store.database.query(
    `update memkeep.erasure set until_ms = requested_ms + 1000, held_until_ms = 0 where id = '${id}'`,
  )
  expect(await pump()).toBe('none')
  const { report } = (await shown(id))!
  const until = Date.parse(report!.residue[0]!.until!)
  expect(until - Date.parse(report!.requestedAt)).toBeGreaterThan(30 * 86_400_000)
  store.clock.advance(2 * 86_400_000)
  expect(await codeOf(store.keep.runUpkeep())).toBe('ERR_SEAL_BROKEN')
  expect(await codeOf(store.memory({ subject: 'vio' }).add('x', { actor: 'user' }))).toBe('ERR_SCOPE_BARRED')
  store.clock.nowMs = until + 1
  expect(await codeOf(store.keep.runUpkeep())).toBe('none')
  expect(await shown(id)).toBeNull()
}, 60_000)

test('its epoch is the one that it was asked for in, and no key up to that is left', async () => {
  const { tenant, subject, epoch } = await living('ute')
  const id = await killedAt('ute', 'erasure.authorise.done')
  const set = (to: number) => store.database.query('update memkeep.erasure set epoch = $2 where id = $1', [id, to])
  await store.database.query('update memkeep.erasure set held_until_ms = 0')
  await set(0)
  expect(await pump()).toBe('ERR_SEAL_BROKEN')
  await set(epoch)
  expect(await pump()).toBe('none')
  await pump()
  expect(await shown(id)).toMatchObject({ state: 'done' })
  const prefix = `subject/${tenant.toString('hex')}/${subject.toString('hex')}/`
  expect(await keysAt(store.keyDir).keyStore.list(prefix)).toEqual([`${prefix}erased/${epoch}`])
}, 60_000)

test('a line that somebody else put repeats nothing: the keep does not open', async () => {
  const { tenant, subject, epoch } = await living('liv')
  const { head, count } = readLines(await ledger.read())
  const place = count + 1
  const entry = {
    place,
    at: store.clock.now(),
    erasure: randomUUID(),
    kind: 'subject' as const,
    tenant: tenant.toString('hex'),
    subject: subject.toString('hex'),
    epoch,
    reason: 0,
    commit: randomBytes(32).toString('hex'),
    until: store.clock.now() + 86_400_000,
    mac: randomBytes(16).toString('hex'),
  }
  const { keyStore } = keysAt(store.keyDir)
  const before = await keyStore.list('')
  await ledger.put(place, lineOf(entry, head))
  expect(await codeOf(store.open({ erasureLedger: ledger }))).toBe('ERR_STORE_ROLLED_BACK')
  expect(await store.database.query('select id from memkeep.erasure where id = $1', [entry.erasure])).toEqual([])
  expect(await keyStore.list('')).toEqual(before)
})
