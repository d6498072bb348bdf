import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AttackedKeep, claims, tag } from './attacked-keep.ts'
import { callDoorway, signaturesOf } from './doorway-call.ts'

// What is written outside of shelves: each call is answered and not yet committed when the bar comes, and commits when the eraser has
// deleted, or waits. Nothing of the scope may be left.

const hour = 3_600_000
const bytes = Buffer.from('x')
const key = () => ({
  p_lookup: tag(randomUUID()),
  p_id: randomUUID(),
  p_claims: bytes,
  p_expires_ms: Date.now() + hour,
})

interface Late {
  readonly doorway: string
  readonly table: string
  readonly given: (subject: Buffer) => Record<string, unknown>
}

const calls: readonly Late[] = [
  { doorway: 'note_recalled', table: 'recalled', given: () => ({ p_readers: [tag('reader')], p_trust: 0 }) },
  { doorway: 'mint_key', table: 'api_key', given: (p_subject) => ({ ...key(), p_subject }) },
  { doorway: 'create_key', table: 'api_key', given: (p_subject) => ({ ...key(), p_subject }) },
  {
    doorway: 'claim_answer',
    table: 'answer',
    given: () => ({ p_key: tag('key'), p_digest: tag('digest'), p_until_ms: Date.now() + hour }),
  },
  { doorway: 'place_hold', table: 'hold', given: () => ({ p_id: randomUUID(), p_reason: bytes }) },
  {
    doorway: 'request_support',
    table: 'support',
    given: () => ({ p_id: randomUUID(), p_stated: bytes, p_expires_ms: Date.now() + hour, p_second: false }),
  },
]

let keep: AttackedKeep
let writer: pg.Client
let eraser: pg.Client
let signatures: Awaited<ReturnType<typeof signaturesOf>>
beforeAll(async () => {
  keep = await AttackedKeep.start()
  ;[writer, eraser] = [await keep.connect(), await keep.connect()]
  signatures = await signaturesOf(keep)
})
afterAll(() => keep?.stop())

async function call(client: pg.Client, tenant: Buffer, shelf: Buffer, doorway: string, given: object) {
  const token = keep.token(doorway, claims({ tenant, shelf }))
  const answer = await callDoorway(client, signatures, doorway, [tenant, token], given as Record<string, unknown>)
  return typeof answer === 'string' ? answer : answer[0]!.outcome!
}

async function setUp(shelved: boolean): Promise<[tenant: Buffer, subject: Buffer, erasure: string]> {
  const [tenant, subject, erasure] = [tag(randomUUID()), tag(randomUUID()), randomUUID()]
  await call(eraser, tenant, subject, 'create_tenant', { p_name: bytes })
  if (shelved) await keep.fill(tenant, 'subject', subject)
  const asked = { p_id: erasure, p_after: 0, p_reason: 0, p_asked_by: 0, p_commit: bytes, p_until_ms: 1, p_epoch: 1 }
  expect(await call(eraser, tenant, subject, 'request_erasure', asked)).toBe('ok')
  return [tenant, subject, erasure]
}

async function erase(tenant: Buffer, subject: Buffer, erasure: string): Promise<string> {
  const barred = await call(eraser, tenant, subject, 'bar_scope', { p_id: erasure, p_began_ms: 1, p_barred_ms: 1 })
  if (barred !== 'ok') return barred
  const given = { p_id: erasure, p_after: Buffer.alloc(0), p_began_ms: 1 }
  return call(eraser, tenant, subject, 'delete_scope', given)
}

/** Until the eraser waits for a lock, or has ended. */
async function untilWaiting(erasing: Promise<unknown>): Promise<void> {
  let ended = false
  void erasing.finally(() => {
    ended = true
  })
  const { processID } = eraser as pg.Client & { processID: number }
  const text = "select 1 from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'"
  while (!ended && (await keep.database.query(text, [processID])).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const left = async ({ table }: Late, tenant: Buffer, subject: Buffer) =>
  (await keep.database.query(`select 1 from memkeep.${table} where tenant = $1 and subject = $2`, [tenant, subject]))
    .length

const cases = calls.flatMap((late) => [true, false].map((shelved) => ({ ...late, shelved })))

test.each(cases)('$doorway that commits late leaves nothing (a shelf: $shelved)', async ({ shelved, ...late }) => {
  const [tenant, subject, erasure] = await setUp(shelved)
  await writer.query('begin')
  expect(await call(writer, tenant, subject, late.doorway, late.given(subject))).toBe('ok')
  const erasing = erase(tenant, subject, erasure)
  await untilWaiting(erasing)
  await writer.query('commit')
  // A hold that came first refuses the bar.
  expect(await erasing).toBe(late.doorway === 'place_hold' ? 'held' : 'ok')
  expect(await left(late, tenant, subject)).toBe(late.doorway === 'place_hold' ? 1 : 0)
})

test.each(cases)('$doorway that comes after the bar is refused (a shelf: $shelved)', async ({ shelved, ...late }) => {
  const [tenant, subject, erasure] = await setUp(shelved)
  expect(await erase(tenant, subject, erasure)).toBe('ok')
  expect(await call(writer, tenant, subject, late.doorway, late.given(subject))).toBe('barred')
  expect(await left(late, tenant, subject)).toBe(0)
})
