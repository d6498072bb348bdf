import { execFile } from 'node:child_process'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { erasureSteps } from '../../src/core/erasure.ts'
import type { KillPoint } from '../../src/core/seams.ts'
import { type FinishedErasure, type Keep, openMemkeep } from '../../src/index.ts'
import { mintCommonScope, mintGrant, mintScope } from '../../src/trust.ts'
import { verifyAttestation } from '../../src/verify.ts'
import { keysAt } from '../support/keys-at.ts'
import { amount, random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'
import type { EraserOrder } from './erasing-child.ts'
import { erasingWith } from './erasing-with.ts'

// kill -9 of the process that erases, between every two steps and inside them; another process then goes on, by upkeep.

/** In every step where something has just been written, and between each two. */
const inside: KillPoint[] = [
  'erasure.requested',
  'erasure.delete.batch',
  'artifact.rebuilt',
  'keys.retired',
  'keys.records-deleted',
  'keys.wrap-made',
  'keys.subjects-rewrapped',
  'keys.root-renewed',
  'keys.generation-made',
  'keys.tenants-rewrapped',
  'keys.root-destroyed',
]
const points: KillPoint[] = [
  ...inside,
  ...erasureSteps.flatMap((step): KillPoint[] => [`erasure.${step}.done`, `erasure.${step}.noted`]),
]

// Each takes seconds: a run takes as many of them as MEMKEEP_ERASURE_KILLS says, chosen by MEMKEEP_TEST_SEED.
const kills = amount('MEMKEEP_ERASURE_KILLS', 3)
const chance = random()

function some(all: readonly KillPoint[], number: number): KillPoint[] {
  const left = [...all]
  return Array.from(
    { length: Math.min(number, all.length) },
    () => left.splice(Math.floor(chance() * left.length), 1)[0]!,
  )
}

let store: TestKeep
/** The process that goes on. */
let keep: Keep
let outside: pg.Pool
const operator = { id: 'operator', roles: [] }

beforeAll(async () => {
  console.log(`erasures killed: MEMKEEP_TEST_SEED=${seed} MEMKEEP_ERASURE_KILLS=${kills}`)
  store = await TestKeep.start()
  outside = new pg.Pool({ ...store.database.admin, max: 1 })
  await outside.query('create table public.crm (account text, person text)')
  keep = await openMemkeep({
    database: { ...store.database.app, max: 3 },
    upkeep: { ...store.database.upkeep, max: 1 },
    ...keysAt(store.keyDir),
    acceptOldServer: true,
    // On a busy machine a second passes within one call.
    holdKeysMs: 3000,
    ...erasingWith(outside),
    audit: { mergeDelaySeconds: 3600 },
  })
})
afterAll(async () => {
  await keep?.close()
  await outside?.end()
  await store?.[Symbol.asyncDispose]()
})

function killed(subject: string | null, tenant: string, point: KillPoint): Promise<string> {
  const { app: database, upkeep, admin } = store.database
  const order: EraserOrder = {
    database,
    upkeep,
    admin,
    keyDir: store.keyDir,
    tenant,
    subject,
    dieAt: { point, time: 1 },
  }
  const program = join(import.meta.dirname, 'erasing-child.ts')
  const args = ['--disable-warning=ExperimentalWarning', '--conditions=memkeep-src', program, JSON.stringify(order)]
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve(error?.signal ?? (stdout === 'done\n' ? 'done' : stderr)),
    )
  })
}

const erasures = () =>
  keep.privileged(mintGrant({ principal: operator, rights: ['erase'], reason: 'a test', ttlSeconds: 600 })).erasures

/** Goes on by upkeep until it is done. A process holds an erasure for a minute after each step, a try at other stores and a rebuilding for minutes: here all are let go of at once. */
async function goOn(id: string): Promise<FinishedErasure> {
  for (let pass = 0; pass < 20; pass++) {
    await store.database.query('update memkeep.erasure set held_until_ms = 0')
    await store.database.query("delete from memkeep.erasure_step where step like 'try.%' and ended_ms is null")
    await store.database.query('update memkeep.artifact set due_ms = 0 where state = 1')
    await store.database.query('update memkeep.library_entry set due_ms = 0 where state = 1')
    await keep.runUpkeep()
    const view = await erasures().show(id)
    if (view?.report != null) return view.report
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  throw new Error('it does not end')
}

const memoryOf = (tenant: string, subject: string) =>
  keep.for(mintScope({ tenant, subject, principal: { id: 'svc', roles: ['agent'] } }))

async function fill(subject: string, tenant = 'acme'): Promise<void> {
  for (const text of ['one', 'two', 'three'])
    await memoryOf(tenant, subject).add(`${subject} ${text}`, { actor: 'user' })
  await outside.query('insert into public.crm values ($1, $2), ($1, $2)', [tenant, subject])
}
const held = async (tenant: string, subject: string) =>
  (await outside.query('select 1 from public.crm where account = $1 and person = $2', [tenant, subject])).rowCount

/** An entry of the library and, in one tenant, a summary for everybody, of what the subject and a neighbour said; a first version of it has ended. */
async function shared(subject: string, tenant = 'acme'): Promise<{ summary: string | null; entry: string }> {
  const own = (await memoryOf(tenant, subject).add(`${subject} on it`, { actor: 'user' })).id
  const neighbours = memoryOf('acme', 'neighbour')
  const { id } = await neighbours.add(`on ${subject}`, { actor: 'user' })
  const grant = mintGrant({ principal: operator, rights: ['library'], reason: 'a test', ttlSeconds: 600 })
  const entry = await keep.privileged(grant).library.publish({
    kind: 'summary',
    content: 'of both',
    contributors: [
      { tenant, subject, memory: own },
      { tenant: 'acme', subject: 'neighbour', memory: id },
    ],
  })
  const common = keep.for(mintCommonScope({ tenant: 'acme', principal: { id: 'svc', roles: ['admin'] } }))
  const made =
    tenant !== 'acme'
      ? null
      : await common.artifacts.register({ kind: 'summary', content: 'of both', derivedFrom: [own, id] })
  await neighbours.update(id, { content: `neighbour on ${subject}` }, { actor: 'user' })
  return { summary: made?.id ?? null, entry: entry.id }
}

async function stateOf(entry: string): Promise<string | undefined> {
  const grant = mintGrant({ principal: operator, rights: ['library'], reason: 'a test', ttlSeconds: 600 })
  return (await keep.privileged(grant).library.list()).find(({ id }) => id === entry)?.state
}

async function expectGone(
  report: FinishedErasure,
  tenant: string,
  subject: string | null,
  memories: number,
): Promise<void> {
  await verifyAttestation(report.attestation, { scope: { tenant, subject, salt: report.salt } })
  expect(report.stores.find(({ name }) => name === 'memory')).toMatchObject({ deleted: memories, remaining: 0 })
  expect(report.stores.find(({ name }) => name === 'connector.crm')).toMatchObject({ remaining: 0 })
  expect(report.keysDestroyed).toBeGreaterThan(0)
}

describe('one subject, killed', () => {
  let last = 'none'
  test.each(some(points, kills))('at %s', { timeout: 120_000 }, async (point) => {
    const subject = `subject ${points.indexOf(point)}`
    await fill(subject)
    await fill('neighbour')
    const { summary, entry } = await shared(subject)
    expect(await killed(subject, 'acme', point)).toBe('SIGKILL')
    const [row] = await store.database.query<{ id: string }>(
      'select id from memkeep.erasure where kind = 0 order by requested_ms desc, id desc limit 1',
    )
    expect(row!.id).not.toBe(last)
    last = row!.id
    await expectGone(await goOn(last), 'acme', subject, 4)
    await expect(memoryOf('acme', subject).add('again', { actor: 'user' })).rejects.toMatchObject({
      code: 'ERR_SCOPE_BARRED',
    })
    const near = memoryOf('acme', 'neighbour')
    expect((await near.search('neighbour one two three')).memories.length).toBeGreaterThan(0)
    expect(await near.artifacts.get(summary!)).toMatchObject({ content: `neighbour on ${subject}` })
    expect(await stateOf(entry)).toBe('ready')
    expect(await held('acme', subject)).toBe(0)
    expect(await held('acme', 'neighbour')).toBeGreaterThan(0)
  })
})

describe('a whole tenant, killed', () => {
  test.each(some(points, kills < points.length ? Math.ceil(kills / 3) : kills))(
    'at %s',
    { timeout: 120_000 },
    async (point) => {
      const tenant = `tenant ${points.indexOf(point)}`
      await store.createTenant(tenant)
      await fill('ana', tenant)
      await fill('ben', tenant)
      const { entry } = await shared('ana', tenant)
      expect(await killed(null, tenant, point)).toBe('SIGKILL')
      const [row] = await store.database.query<{ id: string }>(
        'select id from memkeep.erasure where kind = 1 order by requested_ms desc, id desc limit 1',
      )
      await expectGone(await goOn(row!.id), tenant, null, 7)
      expect(await stateOf(entry)).toBe('ready')
      expect([await held(tenant, 'ana'), await held(tenant, 'ben')]).toEqual([0, 0])
    },
  )
})
