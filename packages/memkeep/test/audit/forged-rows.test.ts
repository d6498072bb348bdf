import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeSha256 } from '../../src/audit/node-sha256.ts'
import { parseCheckpoint, signCheckpoint } from '../../src/proof/checkpoint.ts'
import { decodeEntries } from '../../src/proof/entry-bundle.ts'
import type { LedgerLeaf } from '../../src/proof/ledger-leaf.ts'
import { formatNoteKey, noteKey } from '../../src/proof/note-key.ts'
import { parseNote } from '../../src/proof/signed-note.ts'
import { verifyLedger } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { testSigner } from '../proof/test-signer.ts'
import { codeOf } from '../support/code-of.ts'
import { hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

// Whoever owns the database writes its rows; he has no key.

let store: TestKeep

beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

interface Row {
  readonly tenant: Buffer
  readonly id: string
}
const run = <T extends object = Row>(sql: string, values: unknown[] = []) => store.database.query<T>(sql, values)
const audit = (tenant = 'acme') =>
  store.wide({ tenant, principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }).audit

async function sequenced(): Promise<string> {
  store.clock.advance(hourMs)
  return codeOf(store.keep.runUpkeep())
}

async function listed(id: string, tenant?: string) {
  const { items } = await audit(tenant).list({ limit: 100 })
  return items.find((item) => item.id === id)!
}

/** The leaves of a bundle that was checked. */
async function leaves(tenant: string): Promise<LedgerLeaf[]> {
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of audit(tenant).export()) files.set(path, bytes)
  await verifyLedger(bundleOf(files))
  const [path, bytes] = [...files].find(([each]) => each.startsWith('tile/entries'))!
  return decodeEntries(bytes, Number(path.split('/').at(-1))).map((entry) => JSON.parse(Buffer.from(entry).toString()))
}

/** The event that wrote a memory. */
const eventOf = async (memory: string) =>
  (await run('select tenant, id from memkeep.event where memories = array[$1]::uuid[] limit 1', [memory]))[0]!

test('an event that has its place gets no second, and holds up no other tenant', async () => {
  const { id } = await store.memory({ tenant: 'globex' }).add('once', { actor: 'user' })
  expect(await sequenced()).toBe('none')
  const event = await eventOf(id)
  await run(
    'insert into memkeep.pending (tenant, id, class, period) select tenant, id, class, period from memkeep.event where id = $1',
    [event.id],
  )
  const { id: other } = await store.memory().add('of another tenant', { actor: 'user' })
  expect(await sequenced()).toBe('ERR_STORE_UNSAFE')
  expect((await listed((await eventOf(other)).id)).index).not.toBeNull()
  await run('delete from memkeep.pending where id = $1', [event.id])
  expect(await sequenced()).toBe('none')
  expect((await leaves('globex')).filter(({ resource }) => resource === `memory:${id}`)).toHaveLength(1)
})

/** Puts an event beside a genuine one, with other details. */
async function fabricate(beside: string, id: string, detail: Buffer): Promise<void> {
  await run(
    `insert into memkeep.event (tenant, id, class, period, action, outcome, reach, subject, epoch, principal, at_ms, memories, affected, detail)
     select tenant, $2, 0, period, 'memory.search', 'ok', reach, subject, epoch, principal, at_ms, memories, 1, $3
     from memkeep.event where id = $1`,
    [beside, id, detail],
  )
  await run(
    'insert into memkeep.pending (tenant, id, class, period) select tenant, id, class, period from memkeep.event where id = $1',
    [id],
  )
}

test('an event that nobody with a key wrote is never listed as intact, and its leaf says so', async () => {
  const { id } = await store.memory().add('black tomatoes', { actor: 'user' })
  const genuine = await eventOf(id)
  const [{ detail }] = (await run<{ detail: Buffer }>('select detail from memkeep.event where id = $1', [
    genuine.id,
  ])) as [{ detail: Buffer }]
  const spoilt = Buffer.from(detail)
  spoilt[spoilt.length - 1]! ^= 1
  const nextEpoch = Buffer.from(detail)
  nextEpoch.writeUInt32BE(detail.readUInt32BE(1) + 1, 1)
  const nextVersion = Buffer.from(detail)
  nextVersion.writeUInt32BE(detail.readUInt32BE(6) + 1, 6)
  const forged = {
    'nothing at all': Buffer.alloc(0),
    zeros: Buffer.alloc(40),
    "another event's": detail,
    'a changed bit': spoilt,
    'a key that was never made': nextEpoch,
    'a version that was never made': nextVersion,
    'nobody has such keys': Buffer.concat([Buffer.from([9]), detail.subarray(1)]),
    "the deployment's": Buffer.concat([Buffer.from([2]), detail.subarray(1)]),
    "the tenant's": Buffer.concat([Buffer.from([0]), detail.subarray(1)]),
  }
  const ids = new Map(Object.keys(forged).map((name, n) => [name, `01900000-0000-7000-8000-00000000be${10 + n}`]))
  for (const [name, bytes] of Object.entries(forged)) await fabricate(genuine.id, ids.get(name)!, bytes)
  expect(await sequenced()).toBe('none')
  for (const [name, forgedId] of ids) {
    const { intact, principal, index } = await listed(forgedId)
    expect({ intact, principal, index }, name).toEqual({ intact: false, principal: null, index: expect.any(Number) })
    expect((await leaves('acme'))[index!]!.outcome, name).toBe('unsealed')
  }
  expect(await listed(genuine.id)).toMatchObject({ intact: true, principal: { id: 'svc' } })
  expect((await leaves('acme')).filter(({ outcome }) => outcome === 'unsealed')).toHaveLength(ids.size)
})

test('a changed event does not become one that nobody can tell of', async () => {
  const memory = store.memory({ subject: 'hidden' })
  for (const content of ['one apple', 'two apple']) await memory.add(content, { actor: 'user' })
  await memory.search('apple')
  await sequenced()
  const event = async () =>
    (await store.memory({ subject: 'hidden', roles: [], rights: ['audit'] }).audit.list({ actions: ['memory.search'] }))
      .items[0]!
  const { id, intact, memories } = await event()
  expect(memories).toHaveLength(2)
  expect(intact).toBe(true)
  const [place] = await run<{ under: number; key_epoch: number; key_version: number; entry: Buffer }>(
    'select under, key_epoch, key_version, entry from memkeep.log_entry where event = $1',
    [id],
  )
  await run(`update memkeep.event set memories = array[gen_random_uuid(), gen_random_uuid()] where id = $1`, [id])
  expect((await event()).intact).toBe(false)
  for (const hiding of [
    'under = null, key_epoch = null, key_version = null',
    'under = null',
    'under = 7',
    'under = 2, key_epoch = 1, key_version = 1',
    'under = 2, key_epoch = 1, key_version = 7',
    'under = 0, key_epoch = key_epoch + 1',
    'under = 1, key_epoch = 0',
    'key_epoch = key_epoch + 1',
    'key_version = key_version + 1',
    'key_version = null',
    'entry = null',
  ]) {
    await run(`update memkeep.log_entry set ${hiding} where event = $1`, [id])
    expect((await event()).intact, hiding).toBe(false)
    await run(
      'update memkeep.log_entry set under = $2, key_epoch = $3, key_version = $4, entry = $5 where event = $1',
      [id, place!.under, place!.key_epoch, place!.key_version, place!.entry],
    )
  }
})

test('an event that was changed with its leaf, and the hashes over that, is not intact', async () => {
  await store.createTenant('initech')
  const memory = store.memory({ tenant: 'initech' })
  const { id } = await memory.add('a rewritten apple', { actor: 'user' })
  await memory.delete(id)
  // So many that its tile is full, and one more.
  for (let n = 0; n < 256; n++) await memory.get(id)
  await sequenced()
  const { id: newest } = await memory.add('the newest apple', { actor: 'user' })
  await sequenced()
  const intactOf = async (memory: string) =>
    (await audit('initech').list({ memory, actions: ['memory.add', 'memory.delete', 'memory.update'] })).items.map(
      ({ intact }) => intact,
    )
  expect(await intactOf(id)).toEqual([true, true])
  expect(await intactOf(newest)).toEqual([true])
  const hashOf = (entry: Buffer) =>
    createHash('sha256')
      .update(Buffer.from([0]))
      .update(entry)
      .digest()
  const own = 'tenant = $1 and event = $2'
  for (const [memory, action, said, instead] of [
    [id, 'memory.delete', '"op":"memory.delete"', '"op":"memory.update"'],
    [id, 'memory.delete', '"outcome":"ok"', '"outcome":"denied"'],
    [newest, 'memory.add', '"outcome":"ok"', '"outcome":"denied"'],
  ] as const) {
    const written = 'select tenant, id from memkeep.event where memories = array[$1]::uuid[] and action = $2'
    const [{ tenant, id: event }] = (await run(written, [memory, action])) as [Row]
    const [{ entry }] = (await run<{ entry: Buffer }>(`select entry from memkeep.log_entry where ${own}`, [
      tenant,
      event,
    ])) as [{ entry: Buffer }]
    const forged = Buffer.from(entry.toString().replace(said, instead))
    expect(forged).not.toEqual(entry)
    const put = async (leaf: Buffer) => {
      const { op, outcome } = JSON.parse(leaf.toString()) as LedgerLeaf
      await run('update memkeep.event set action = $3, outcome = $4 where tenant = $1 and id = $2', [
        tenant,
        event,
        op,
        outcome,
      ])
      await run(`update memkeep.log_entry set entry = $3 where ${own}`, [tenant, event, leaf])
    }
    const putHash = (from: Buffer, to: Buffer) =>
      run(
        'update memkeep.log_tile set hashes = overlay(hashes placing $3 from position($2 in hashes)) where tenant = $1 and position($2 in hashes) > 0',
        [tenant, from, to],
      )
    await put(forged)
    expect(await intactOf(memory), instead).toContain(false)
    await putHash(hashOf(entry), hashOf(forged))
    expect(await intactOf(memory), `${instead}, with its tile`).toContain(false)
    await putHash(hashOf(forged), hashOf(entry))
    await put(entry)
    expect(await intactOf(memory)).not.toContain(false)
  }
})

test('key and head of a log are not the database’s word', async () => {
  await store.memory({ tenant: 'globex' }).add('of globex', { actor: 'user' })
  expect(await sequenced()).toBe('none')
  const of = audit('globex')
  const event = (await of.list({ actions: ['memory.add'], limit: 1 })).items[0]!.id
  const { key: vkey } = (await of.checkpoint())!
  const [{ tenant, note }] = (await run<{ tenant: Buffer; note: string }>(
    'select tenant, note from memkeep.log where vkey = $1',
    [vkey],
  )) as [{ tenant: Buffer; note: string }]
  const bundle = async () => {
    for await (const _ of of.export()) await Promise.resolve()
  }
  const answers = async () => [await codeOf(of.checkpoint()), await codeOf(of.proof(event)), await codeOf(bundle())]
  const intact = async () => (await of.list({ actions: ['memory.add'], limit: 1 })).items[0]!.intact
  expect([await answers(), await intact()]).toEqual([['none', 'none', 'none'], true])
  // A log of the same leaves, signed with a key of whoever owns the database, and under the log's name.
  const signer = testSigner('whoever owns the database')
  const own = noteKey(nodeSha256, vkey.slice(0, vkey.indexOf('+')), signer.publicKey)
  const { size, root } = parseCheckpoint(parseNote(note).text)
  const forged = await signCheckpoint({ size, root }, own, signer)
  const put = (key: string, head: string) =>
    run('update memkeep.log set vkey = $2, note = $3 where tenant = $1', [tenant, key, head])
  await put(formatNoteKey(own), forged)
  expect([await answers(), await intact()]).toEqual([Array(3).fill('ERR_KEY_UNAVAILABLE'), false])
  await put(vkey, forged)
  expect([await answers(), await intact()]).toEqual([Array(3).fill('ERR_PROOF_INVALID'), false])
  await put(vkey, note)
  expect([await answers(), await intact()]).toEqual([['none', 'none', 'none'], true])
  // Nor is the log in which a head is anchored.
  const [anchor] = await run<{ vkey: string }>('select vkey from memkeep.anchor where tenant = $1', [tenant])
  await run('update memkeep.anchor set vkey = $2 where tenant = $1', [tenant, formatNoteKey(own)])
  expect(await codeOf(bundle())).toBe('ERR_KEY_UNAVAILABLE')
  await run('update memkeep.anchor set vkey = $2 where tenant = $1', [tenant, anchor!.vkey])
  expect(await codeOf(bundle())).toBe('none')
})

test('nor does one that its leaf is not said to be of, or that waits for no place', async () => {
  const memory = store.memory({ subject: 'unlinked' })
  const { id: placed } = await memory.add('one', { actor: 'user' })
  await sequenced()
  const { id: waiting } = await memory.add('two', { actor: 'user' })
  const change = `update memkeep.event set outcome = 'denied', affected = 7 where memories = array[$1]::uuid[]`
  const intactOf = async (id: string) => (await audit().list({ memory: id })).items.map(({ intact }) => intact)
  expect(await intactOf(placed)).toEqual([true])
  await run('update memkeep.log_entry set event = null where event = $1', [(await eventOf(placed)).id])
  await run(change, [placed])
  expect(await intactOf(placed)).toEqual([false])
  expect(await intactOf(waiting), 'nobody can tell yet').toEqual([null])
  await run('delete from memkeep.pending where id = $1', [(await eventOf(waiting)).id])
  expect(await intactOf(waiting)).toEqual([false])
})

test('an event that was dropped while it waited is told of, and holds up no other tenant', async () => {
  await sequenced()
  const { id } = await store.memory({ tenant: 'globex' }).add('dropped', { actor: 'user' })
  const event = await eventOf(id)
  await run(`create table public.dropped as select * from memkeep.event where id = '${event.id}'`)
  await run('delete from memkeep.event where id = $1', [event.id])
  expect(await codeOf(store.keep.oldestWaitingEvent())).toBe('ERR_STORE_UNSAFE')
  const { id: other } = await store.memory().add('of another tenant', { actor: 'user' })
  // Behind it the other one waits, and is not hidden by it.
  store.clock.advance(13 * hourMs)
  expect(await codeOf(store.keep.checkReady())).toBe('ERR_AUDIT_UNAVAILABLE')
  expect(await sequenced()).toBe('ERR_STORE_UNSAFE')
  expect(store.keep.metrics().upkeep).toMatchObject({ unsignedLogs: 1 })
  expect((await listed((await eventOf(other)).id)).index).not.toBeNull()
  await store.keep.checkReady()
  // Rows of its tenant's that are there wait with it.
  const [row] = await run<{ n: number }>('select count(*)::int as n from memkeep.pending where tenant = $1', [
    event.tenant,
  ])
  expect(row!.n).toBeGreaterThan(0)
  const [{ names }] = (await run<{ names: string }>(
    `select string_agg(column_name, ',') as names from information_schema.columns
     where table_schema = 'memkeep' and table_name = 'event' and is_generated = 'NEVER'`,
  )) as [{ names: string }]
  await run(`insert into memkeep.event (${names}) select ${names} from public.dropped`)
  await run('drop table public.dropped')
  expect(await sequenced()).toBe('none')
  expect((await listed(event.id, 'globex')).index).not.toBeNull()
})

test('events that never were, more than are looked at at a time, stop nobody’s log', async () => {
  await run(
    `insert into memkeep.pending (tenant, id, class, period, xid)
     select decode(repeat('ab', 16), 'hex'), gen_random_uuid(), 1, 0, '1'::xid8 from generate_series(1, 20000)`,
  )
  const { id } = await store.memory().add('not stopped', { actor: 'user' })
  store.clock.advance(13 * hourMs)
  expect(await codeOf(store.keep.checkReady())).toBe('ERR_AUDIT_UNAVAILABLE')
  expect(await sequenced()).toBe('ERR_STORE_UNSAFE')
  expect((await listed((await eventOf(id)).id)).index).not.toBeNull()
  await store.keep.checkReady()
  await run("delete from memkeep.pending where xid = '1'::xid8")
  expect(await sequenced()).toBe('none')
})
