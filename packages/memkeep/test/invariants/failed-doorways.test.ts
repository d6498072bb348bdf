import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rightsMask } from '../../src/core/rights.ts'
import { doorwayFiles, doorwaysOf, guardFiles } from '../../src/store/schema.ts'
import { AttackedKeep, allRights, claims, commonShelf, own, subject, tag } from '../attacks/attacked-keep.ts'
import { callDoorway, type Given, signaturesOf } from '../attacks/doorway-call.ts'
import { doorwayRows } from '../attacks/doorway-rows.ts'
import { plantFaults } from './planted-faults.ts'

// Audit if and only if operation, of every doorway, opened and refused: whichever of its statements fails that changes a row, the call
// fails, and with it all that it did; when none fails, its one event stands there. What acts do as a whole is in failed-statements.test.ts.

/** Opened, these leave no event: docs/ledger.md, "What is no event of its own". Refused, they leave one like all others. */
const silent = new Set([
  ...['settle', 'log_heads', 'log_edges', 'anchor_logs', 'note_cosigned', 'pending_events', 'sequence', 'cold_events'],
  // Looks that find nothing, as here.
  ...[
    'episodes',
    'due_shelves',
    'due_vectors',
    'due_reads',
    'due_rebuilds',
    'due_entries',
    'due_erasures',
    'ended_erasures',
  ],
  ...['thin_checkpoints', 'expire_keys', 'settle_unlearned', 'standing_seals'],
  // A step of an erasure looks up what the event of the next is about.
  ...['cached_of_scope', 'known_of_scope'],
])

let keep: AttackedKeep
let upkeep: pg.Client
let signatures: Awaited<ReturnType<typeof signaturesOf>>
let failAt: (n: number | null) => Promise<void>
/** Of the attacker's own shelf. */
let memory: string

beforeAll(async () => {
  keep = await AttackedKeep.start()
  upkeep = await keep.connect(keep.database.upkeep)
  signatures = await signaturesOf(keep)
  const mine = 'select id from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = 0'
  memory = (await keep.database.query<{ id: string }>(mine, [own, subject]))[0]!.id
  failAt = await plantFaults(keep.database)
  await keep.database.query(`create function public.events_of_this() returns integer language sql security definer as
    $$ select count(*)::integer from memkeep.event where xmin = pg_current_xact_id()::xid $$`)
})
afterAll(() => keep?.stop())

const bytes = Buffer.from('sealed')
const later = Date.now() + 3_600_000

/** Arguments with which a doorway that changes something does so, where those that only come as far as its right would not do. */
const acting: Readonly<Record<string, () => Given>> = {
  remember: () => ({
    ...{ p_name: bytes, p_ids: [randomUUID()], p_at_ms: [1], p_content: [bytes], p_details: [bytes], p_entry: [bytes] },
    ...{ p_request: tag('once'), p_digest: tag('digest'), p_receipt: bytes, p_request_until_ms: later },
  }),
  revise: () => ({ p_id: memory, p_expected: 1, p_content: bytes, p_details: bytes, p_entry: bytes }),
  forget: () => ({ p_ids: [memory], p_all: false }),
  endorse: () => ({ p_id: memory, p_expected: 1, p_content: bytes, p_details: bytes, p_entry: bytes }),
  hold: () => ({ p_ids: [memory], p_versions: [1], p_verdicts: [bytes] }),
  read: () => ({ p_id: memory, p_history: false }),
  register: () => ({
    ...{
      p_name: bytes,
      p_id: randomUUID(),
      p_derived: [memory],
      p_seal: bytes,
      p_epoch: 1,
      p_content: bytes,
      p_details: bytes,
    },
  }),
  refuse: () => ({ p_number: 1 }),
  create_tenant: () => ({ p_name: bytes }),
  create_key: () => ({ p_lookup: tag('key'), p_id: randomUUID(), p_claims: bytes, p_subject: subject }),
  mint_key: () => ({ p_lookup: tag('key'), p_id: randomUUID(), p_claims: bytes }),
  request_erasure: () => ({
    ...{ p_id: randomUUID(), p_after: 0, p_reason: 0, p_asked_by: 0, p_commit: Buffer.alloc(32), p_names: bytes },
    ...{ p_until_ms: later, p_epoch: 1 },
  }),
  repeat_erasure: () => ({
    p_id: randomUUID(),
    p_epoch: 1,
    p_reason: 0,
    p_commit: Buffer.alloc(32),
    p_until_ms: later,
  }),
  place_hold: () => ({ p_id: randomUUID(), p_reason: bytes }),
  publish: () => ({
    ...{ p_id: randomUUID(), p_kind: 'skill', p_sensitivity: 0, p_trust: 1, p_tenants: [own], p_subjects: [subject] },
    ...{ p_sources: [memory], p_seal: bytes, p_epoch: 1, p_content: bytes },
  }),
  request_support: () => ({ p_id: randomUUID(), p_stated: bytes }),
  claim_answer: () => ({ p_key: tag('key'), p_digest: tag('digest') }),
  guard_head: () => ({ p_head: 'a'.repeat(64) }),
  log_edges: () => ({ p_tenants: [], p_lines: [], p_sizes: [] }),
}

/** What the call answers or ends with, and how many events it left in its transaction. Nothing stays of it. */
async function called(doorway: string, rights: number) {
  const { reach = 'subject', with: given } = doorwayRows[doorway]!
  const fresh = doorway === 'create_tenant' ? { tenant: tag('a new tenant') } : {}
  const stated = claims({ reach, rights, shelf: reach === 'all' ? commonShelf : subject, ...fresh })
  const client = doorwaysOf('memkeep_app').includes(doorway) ? keep.app : upkeep
  await client.query('begin')
  try {
    const place = [stated.tenant, keep.token(doorway, stated)] as const
    const answer = await callDoorway(client, signatures, doorway, place, { ...given, ...acting[doorway]?.() })
    if (typeof answer === 'string') return { ended: answer, events: null }
    const { rows } = await client.query<{ n: number }>('select public.events_of_this() as n')
    return { ended: answer.find(({ outcome }) => outcome !== null)?.outcome ?? 'nothing', events: rows[0]!.n }
  } finally {
    await client.query('rollback')
  }
}

/** Fails one statement after another until none is left; the answer when none fails, and how many there are. */
async function failedAtEach(doorway: string, rights: number) {
  for (let n = 1; ; n++) {
    await failAt(n)
    const answer = await called(doorway, rights)
    if (answer.ended !== 'P0001') return { ...answer, statements: n - 1 }
  }
}

describe.each(Object.keys(doorwayRows))('%s', (doorway) => {
  test('opened and refused: one event or a failure', async () => {
    const { needs } = doorwayRows[doorway]!
    const opened = await failedAtEach(doorway, needs.length === 0 ? allRights : rightsMask(needs[0]!))
    expect(opened.ended).not.toMatch(/^[0-9A-Z]{5}$/)
    expect(opened.events).toBe(silent.has(doorway) ? 0 : 1)
    // Its event, and the row with which the event waits for its place.
    expect(opened.statements).toBeGreaterThanOrEqual(silent.has(doorway) ? 0 : 2)
    if (doorway in acting) expect(opened.ended).toBe('ok')
    if (needs.length === 0 || needs[0]!.length === 0) return
    const refused = await failedAtEach(doorway, 0)
    expect(refused).toMatchObject({ ended: 'denied', events: 1 })
    expect(refused.statements).toBeGreaterThanOrEqual(2)
  })
})

test('no doorway and no guard goes on after a statement of its own failed', () => {
  for (const { text } of [...doorwayFiles(), ...guardFiles()]) {
    const code = text.replace(/--.*/g, '')
    expect(code).not.toMatch(/\bexception\s+when\b|\bdblink\b/i)
  }
})

test('a doorway without its event, and one that goes on when it cannot be written, would be seen', async () => {
  const event = /perform (memkeep\.record\(c, 'memory\.refuse', .*?\));/
  await failAt(null)
  await keep.tearDown('refuse', event, '')
  expect(await called('refuse', 0)).toEqual({ ended: 'ok', events: 0 })
  await keep.tearDown('refuse', event, 'begin perform $1; exception when others then null; end;')
  expect(await failedAtEach('refuse', 0)).toEqual({ ended: 'ok', events: 0, statements: 0 })
})
