import { execFile } from 'node:child_process'
import { join } from 'node:path'
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

// kill -9 of the process that erases, between every two steps and inside them; another process then goes on, by upkeep.

/** In every step where something has just been written, and between each two. */
const inside: KillPoint[] = [
  'erasure.requested',
  'erasure.delete.batch',
  'artifact.rebuilt',
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
const operator = { id: 'operator', roles: [] }

beforeAll(async () => {
  console.log(`erasures killed: MEMKEEP_TEST_SEED=${seed} MEMKEEP_ERASURE_KILLS=${kills}`)
  store = await TestKeep.start()
  keep = await openMemkeep({
    database: { ...store.database.app, max: 3 },
    upkeep: { ...store.database.upkeep, max: 1 },
    ...keysAt(store.keyDir),
    acceptOldServer: true,
    holdKeysMs: 1000,
    rebuilders: { summary: async ({ sources }) => sources.map(({ content }) => content).join(' + ') },
    audit: { mergeDelaySeconds: 3600 },
  })
})
afterAll(async () => {
  await keep?.close()
  await store?.[Symbol.asyncDispose]()
})

function killed(subject: string | null, tenant: string, point: KillPoint): Promise<string> {
  const { app: database, upkeep } = store.database
  const order: EraserOrder = { database, upkeep, keyDir: store.keyDir, tenant, subject, dieAt: { point, time: 1 } }
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

/** Goes on by upkeep until it is done. A process holds an erasure for a minute after each step, and a rebuilding for minutes: here both are let go of at once. */
async function goOn(id: string): Promise<FinishedErasure> {
  for (let pass = 0; pass < 20; pass++) {
    await store.database.query('update memkeep.erasure set held_until_ms = 0')
    await store.database.query('update memkeep.artifact set due_ms = 0 where state = 1')
    await keep.runUpkeep()
    const view = await erasures().show(id)
    if (view?.report != null) return view.report
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  throw new Error('it does not end')
}

async function fill(subject: string, tenant = 'acme'): Promise<void> {
  const memory = keep.for(mintScope({ tenant, subject, principal: { id: 'svc', roles: ['agent'] } }))
  for (const text of ['one', 'two', 'three']) await memory.add(`${subject} ${text}`, { actor: 'user' })
}

/** For everybody to read, made of what the subject and a neighbour said. */
async function shared(subject: string): Promise<string> {
  const of = async (who: string) => {
    const memory = keep.for(mintScope({ tenant: 'acme', subject: who, principal: { id: 'svc', roles: ['agent'] } }))
    return (await memory.add(`${who} on ${subject}`, { actor: 'user' })).id
  }
  const derivedFrom = [await of(subject), await of('neighbour')]
  const common = keep.for(mintCommonScope({ tenant: 'acme', principal: { id: 'svc', roles: ['admin'] } }))
  return (await common.artifacts.register({ kind: 'summary', content: 'of both', derivedFrom })).id
}

async function expectGone(
  report: FinishedErasure,
  tenant: string,
  subject: string | null,
  memories: number,
): Promise<void> {
  await verifyAttestation(report.attestation, { scope: { tenant, subject, salt: report.salt } })
  expect(report.stores.find(({ name }) => name === 'memory')).toMatchObject({ deleted: memories, remaining: 0 })
  expect(report.keysDestroyed).toBeGreaterThan(0)
}

describe('one subject, killed', () => {
  let last = 'none'
  test.each(some(points, kills))('at %s', { timeout: 120_000 }, async (point) => {
    const subject = `subject of ${point}`
    await fill(subject)
    await fill('neighbour')
    const summary = await shared(subject)
    expect(await killed(subject, 'acme', point)).toBe('SIGKILL')
    const [row] = await store.database.query<{ id: string }>(
      'select id from memkeep.erasure where kind = 0 order by requested_ms desc, id desc limit 1',
    )
    expect(row!.id).not.toBe(last)
    last = row!.id
    await expectGone(await goOn(last), 'acme', subject, 4)
    const memory = keep.for(mintScope({ tenant: 'acme', subject, principal: { id: 'svc', roles: ['agent'] } }))
    await expect(memory.add('again', { actor: 'user' })).rejects.toMatchObject({ code: 'ERR_SCOPE_BARRED' })
    const near = keep.for(
      mintScope({ tenant: 'acme', subject: 'neighbour', principal: { id: 'svc', roles: ['agent'] } }),
    )
    expect((await near.search('neighbour one two three')).memories.length).toBeGreaterThan(0)
    expect(await near.artifacts.get(summary)).toMatchObject({ content: `neighbour on ${subject}` })
  })
})

describe('a whole tenant, killed', () => {
  test.each(
    some(
      [
        'erasure.bar.done',
        'erasure.delete.batch',
        'keys.records-deleted',
        'keys.generation-made',
        'erasure.verify.noted',
      ],
      Math.ceil(kills / 3),
    ),
  )('at %s', { timeout: 120_000 }, async (point) => {
    const tenant = `tenant of ${point}`
    await store.createTenant(tenant)
    await fill('ana', tenant)
    await fill('ben', tenant)
    expect(await killed(null, tenant, point)).toBe('SIGKILL')
    const [row] = await store.database.query<{ id: string }>(
      'select id from memkeep.erasure where kind = 1 order by requested_ms desc, id desc limit 1',
    )
    await expectGone(await goOn(row!.id), tenant, null, 6)
  })
})
