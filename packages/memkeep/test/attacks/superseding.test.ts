import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rightsMask } from '../../src/core/rights.ts'
import { AttackedKeep, claims, own } from './attacked-keep.ts'
import { callDoorway, type Given, signaturesOf } from './doorway-call.ts'

// What supersedes another goes with it when its time has come: so only what stays for good does, or whoever may not delete would let another's end.

let keep: AttackedKeep
/** Where the doorway does not ask for that. */
let torn: AttackedKeep
let signatures: Awaited<ReturnType<typeof signaturesOf>>
beforeAll(async () => {
  ;[keep, torn] = await Promise.all([AttackedKeep.start(), AttackedKeep.start()])
  signatures = await signaturesOf(keep)
  await torn.tearDown('remember', '(p_place[m] <> 0 or p_expires_ms[m] is not null)', 'false')
})
afterAll(() => Promise.all([keep?.stop(), torn?.stop()]))

const writer = claims({ rights: rightsMask(['read', 'write']) })
const bytes = Buffer.from('x')

async function remember(of: AttackedKeep, id: string, more: Given): Promise<unknown> {
  const given = {
    ...{ p_name: bytes, p_ids: [id], p_actor: [0], p_trust: [1], p_sensitivity: [1], p_kind: ['fact'], p_at_ms: [1] },
    ...{ p_expires_ms: [null], p_derived: ['{}'], p_content: [bytes], p_details: [bytes], p_entry: [bytes] },
    ...{ p_place: [0], p_verdict: [bytes], ...more },
  }
  const answer = await callDoorway(of.app, signatures, 'remember', [own, of.token('remember', writer)], given)
  return typeof answer === 'string' ? answer : answer[0]!.outcome
}

test.each<[string, Given]>([
  ['ends', { p_expires_ms: [Date.now() + 60_000] }],
  ['is an episode', { p_place: [1], p_expires_ms: [Date.now() + 60_000] }],
  ['waits for review', { p_place: [2] }],
])('what %s takes nobody’s place', async (_, how) => {
  for (const [of, outcome, standing] of [
    [torn, 'ok', 0],
    [keep, 'denied', 1],
  ] as const) {
    const [old, id] = [randomUUID(), randomUUID()]
    expect(await remember(of, old, {})).toBe('ok')
    expect(await remember(of, id, { ...how, p_supersedes: [old] })).toBe(outcome)
    expect(await of.database.query('select from memkeep.memory where id = $1', [old])).toHaveLength(standing)
  }
})
