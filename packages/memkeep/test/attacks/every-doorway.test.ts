import { randomBytes, randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantOnlyRights, type Right, rightBits, rightsMask } from '../../src/core/rights.ts'
import { doorwaysOf } from '../../src/store/schema.ts'
import { type Claims, hmacPads } from '../../src/store/token.ts'
import { AttackedKeep, allRights, claims, commonShelf, foreign, own, subject } from './attacked-keep.ts'
import { callDoorway, signaturesOf } from './doorway-call.ts'

// Every doorway, each by the same attacks: a token that nobody minted, one for another doorway, one of another tenant, and an authentic one
// that lacks the right. A doorway without a row here turns it red.

interface Row {
  /** It opens to a token with one of these sets of rights, and to none that lacks something of each. */
  readonly needs: readonly (readonly Right[])[]
  readonly reach?: Claims['reach']
  /** Arguments that it looks at before the right, by name; the others are null. */
  readonly with?: Readonly<Record<string, unknown>>
}

const anybody: Row = { needs: [[]] }
const needs = (...held: readonly Right[]): Row => ({ needs: [held] })
const upkeep = needs('upkeep')
const wide = (...held: readonly Right[]): Row => ({ ...needs(...held), reach: 'all' })
const one = {
  p_actor: [0],
  p_trust: [1],
  p_sensitivity: [0],
  p_kind: ['fact'],
  p_derived: ['{}'],
  p_ids: [randomUUID()],
}
const page = { p_limit: 1, p_after: '00000000-0000-0000-0000-000000000000' }

const rows: Readonly<Record<string, Row>> = {
  // Reading.
  read: needs('read'),
  wide_read: wide('read', 'tenant'),
  recall: { ...needs('read'), with: { p_subjects: [], p_versions: [], p_ids: [], p_shelves: [] } },
  wide_recall: { ...wide('read', 'tenant'), with: { p_subjects: [], p_versions: [], p_ids: [], p_shelves: [] } },
  load: { ...needs('read'), with: { p_limit: 1, p_subject: subject } },
  wide_load: { ...wide('read', 'tenant'), with: { p_limit: 1, p_subject: subject } },
  list_shelves: wide('read', 'tenant'),
  export: { ...needs('export'), with: { ...page, p_subject: subject } },
  wide_export: { ...wide('export', 'tenant'), with: { ...page, p_subject: subject } },
  library: needs('read'),
  artifacts: needs('read'),
  wide_artifacts: wide('read', 'tenant'),
  // Writing.
  remember: { ...needs('write'), with: one },
  revise: { ...needs('write'), with: { p_actor: 0, p_trust: 1, p_sensitivity: 0 } },
  forget: needs('delete'),
  reindex: needs('write'),
  reseal: { ...needs('write'), with: { p_part: [], p_ids: [], p_was: [] } },
  sealed_rows: { ...needs('read', 'write'), with: { ...page, p_version: 2 } },
  register: {
    ...needs('write'),
    with: { p_shelf: subject, p_place: 1, p_trust: 1, p_sensitivity: 0, p_kind: 'summary', p_derived: [] },
  },
  forget_artifact: { ...needs('delete'), with: { p_shelf: subject } },
  retry_rebuild: { ...needs('write'), with: { p_shelf: subject } },
  note_recalled: { ...anybody, with: { p_readers: [], p_trust: 0 } },
  refuse: anybody,
  note_enumeration: { ...needs('read'), with: { p_number: 1 } },
  // Has a refusal stand in the ledger, whoever asks.
  refuse_scope: { needs: [] },
  // Integrity.
  endorse: { ...needs('endorse'), with: { p_trust: 2 } },
  held: { ...needs('review'), with: page },
  wide_held: { ...wide('review', 'tenant'), with: page },
  review: { ...needs('review'), with: { p_ids: [], p_release: true } },
  hold: { ...needs('review'), with: { p_ids: [], p_versions: [], p_verdicts: [] } },
  episodes: { ...upkeep, with: { p_limit: 1 } },
  distil: upkeep,
  // The ledger.
  list_events: needs('audit'),
  wide_list_events: wide('audit', 'tenant'),
  prove_event: needs('audit'),
  wide_prove_event: wide('audit', 'tenant'),
  read_head: needs('audit'),
  read_log: wide('audit', 'tenant'),
  log_heads: { ...upkeep, with: { p_limit: 1 } },
  log_edges: upkeep,
  anchor_logs: upkeep,
  note_cosigned: upkeep,
  thin_checkpoints: { ...upkeep, with: { p_limit: 1 } },
  pending_events: { ...upkeep, with: { p_limit: 1 } },
  sequence: upkeep,
  due_reads: { ...upkeep, with: { p_limit: 1 } },
  cold_events: upkeep,
  archive_reads: upkeep,
  prune_log: upkeep,
  empty_reads: upkeep,
  // Tenants, policies and keys.
  enter: anybody,
  open_keep: anybody,
  hold_keys: { ...anybody, with: { p_hold_ms: 300_000 } },
  rotating: { ...needs('rotate'), reach: 'all', with: { p_after: Buffer.alloc(0), p_limit: 1 } },
  // Tells nothing of a call that never was.
  settle: anybody,
  create_tenant: needs('tenants'),
  list_tenants: { ...needs('tenants'), with: { p_limit: 1 } },
  set_policy: { needs: [['tenants'], ['policy']], with: { p_expected: 0 } },
  create_key: needs('keys'),
  list_keys: needs('keys'),
  revoke_key: needs('keys'),
  find_key: needs('authenticate'),
  mint_key: { ...needs('mint'), with: { p_subject: subject, p_expires_ms: Date.now() + 60_000 } },
  expire_keys: upkeep,
  // Erasing.
  request_erasure: needs('erase'),
  list_erasures: { needs: [['erase'], ['erasing']] },
  due_erasures: { needs: [['upkeep'], ['erasing']], with: { p_limit: 1 } },
  bar_scope: needs('erasing'),
  delete_scope: needs('erasing'),
  inspect_scope: needs('erasing'),
  recount_scope: needs('erasing'),
  note_erasure_step: needs('erasing'),
  finish_erasure: needs('erasing'),
  ended_erasures: { ...needs('erasing'), with: { p_limit: 1 } },
  forget_erasure: needs('erasing'),
  repeat_erasure: needs('erasing'),
  reopen_scope: { needs: [['tenants'], ['erasing']] },
  guard_head: needs('erasing'),
  cached_of_scope: needs('erasing'),
  known_of_scope: needs('erasing'),
  place_hold: needs('holds'),
  release_hold: needs('holds'),
  list_holds: needs('holds'),
  // Upkeep.
  sweep: upkeep,
  due_shelves: { ...upkeep, with: { p_limit: 1 } },
  due_vectors: { ...upkeep, with: { p_after_tenant: Buffer.alloc(0), p_after_subject: Buffer.alloc(0), p_limit: 1 } },
  dropped_values: { ...upkeep, with: { p_limit: 1 } },
  retired_keys: { ...upkeep, with: { p_limit: 1 } },
  due_rebuilds: { ...upkeep, with: { p_limit: 1 } },
  rebuild_sources: wide('upkeep', 'read', 'tenant'),
  settle_rebuild: wide('upkeep'),
  settle_unlearned: wide('upkeep'),
  // The library of the deployment.
  publish: needs('library'),
  list_library: needs('library'),
  retry_entry: needs('library'),
  due_entries: { ...upkeep, with: { p_limit: 1, p_kinds: [], p_lease_ms: 1 } },
  settle_entry: upkeep,
  contributed: wide('upkeep', 'read', 'tenant'),
  // Support access, totals, and answers that are kept: whoever asks keeps its own.
  request_support: { ...needs('support'), with: { p_expires_ms: Date.now() + 3_600_000, p_second: false } },
  approve_support: needs('support'),
  end_support: needs('support'),
  list_support: needs('support'),
  // No right opens these without an access that stands: attacks/support-access.test.ts.
  support_read: { needs: [], with: { p_second: false, p_limit: 1 } },
  wide_support_read: { needs: [], reach: 'all', with: { p_second: false, p_limit: 1 } },
  aggregate: needs('aggregates'),
  claim_answer: { ...anybody, with: { p_until_ms: Date.now() + 60_000 } },
  keep_answer: anybody,
  drop_answer: anybody,
}

/** These bring and drop the keys that tokens are verified with, so no token can be asked for: upkeep's login is the key to them. */
const withoutToken = ['forget_token_keys', 'install_token_key']

let keep: AttackedKeep
/** Where a token is not compared with its code, its doorway and its tenant. */
let torn: AttackedKeep
const upkeepOf = new Map<AttackedKeep, pg.Client>()
let signatures: Awaited<ReturnType<typeof signaturesOf>>

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
  await torn.tearDown('open_token', /if sha256\(key\.ipad[\s\S]+?is distinct from p_tenant then/, 'if false then')
  for (const each of [keep, torn]) upkeepOf.set(each, await each.connect(each.database.upkeep))
  signatures = await signaturesOf(keep)
})
afterAll(() => Promise.all([keep?.stop(), torn?.stop()]))

const everyDoorway = [...new Set([...doorwaysOf('memkeep_app'), ...doorwaysOf('memkeep_upkeep')])].sort()
const isApps = (doorway: string) => doorwaysOf('memkeep_app').includes(doorway)

/** The outcome that the doorway answers, or the SQLSTATE that it ends with; what it did is rolled back. */
async function outcomeOf(of: AttackedKeep, doorway: string, tenant: Buffer, token: Buffer): Promise<string> {
  const client = isApps(doorway) ? of.app : upkeepOf.get(of)!
  await client.query('begin')
  try {
    const answer = await callDoorway(client, signatures, doorway, [tenant, token], rows[doorway]?.with)
    return typeof answer === 'string' ? answer : (answer.find(({ outcome }) => outcome !== null)?.outcome ?? 'nothing')
  } finally {
    await client.query('rollback')
  }
}

/** Whatever a principal of a tenant can hold. */
const everyRight = allRights & ~rightsMask(grantOnlyRights)
const held = (doorway: string, rights: number): Claims => {
  const { reach = 'subject' } = rows[doorway]!
  return claims({ reach, rights, shelf: reach === 'all' ? commonShelf : subject })
}
const ask = (of: AttackedKeep, doorway: string, rights: number) =>
  outcomeOf(of, doorway, own, of.token(doorway, held(doorway, rights)))

test('every doorway stands here, and nothing that is none', () => {
  expect([...Object.keys(rows), ...withoutToken].sort()).toEqual(everyDoorway)
})

describe.each(Object.keys(rows))('%s', (doorway) => {
  test('opens to no token but its own', async () => {
    const stated = held(doorway, allRights)
    const forged = { key: { id: keep.key.id, key: randomBytes(32) } }
    for (const [of, opens] of [
      [torn, true],
      [keep, false],
    ] as const) {
      const attacks = [
        [own, of.token(doorway, stated, forged)],
        [own, of.token(doorway === 'enter' ? 'read' : 'enter', stated)],
        [foreign, of.token(doorway, stated)],
      ] as const
      for (const [tenant, token] of attacks) {
        const outcome = await outcomeOf(of, doorway, tenant, token)
        if (opens) expect(outcome).not.toMatch(/^MK/)
        else expect(outcome).toBe('MK001')
      }
    }
  })

  test('does what its right allows, and nothing without it', async () => {
    const { needs: ways } = rows[doorway]!
    for (const way of ways) expect(await ask(keep, doorway, rightsMask(way))).not.toMatch(/^(denied|MK.*)$/)
    // From every way one right is missing.
    for (const lacking of oneOfEach(ways)) {
      const others = (everyRight | rightsMask(ways.flat())) & ~rightsMask(lacking)
      expect(await ask(keep, doorway, others), lacking.join()).toBe('denied')
    }
    if (ways.length === 0) expect(await ask(keep, doorway, allRights)).toBe('denied')
  })
})

/** Every choice of one right from each way; none where a way needs no right. */
function oneOfEach(ways: Row['needs']): Right[][] {
  if (ways.length === 0) return []
  return ways.reduce<Right[][]>(
    (chosen, way) => chosen.flatMap((before) => way.map((right) => [...before, right])),
    [[]],
  )
}

test('the rights named here are rights', () => {
  const named = Object.values(rows).flatMap(({ needs: ways }) => ways.flat())
  expect(named.filter((right) => rightBits[right] === undefined)).toEqual([])
})

describe('the keys of tokens', () => {
  test('are brought and dropped by upkeep’s login alone', async () => {
    const calls = ['select memkeep.forget_token_keys()', "select memkeep.install_token_key(1, '', '', 1, 2)"]
    for (const call of calls) await expect(keep.app.query(call)).rejects.toMatchObject({ code: '42501' })
  })

  // SECURITY.md says so: no key stands above these, so the login that brings them is trusted with them.
  test('with both logins somebody makes tokens of his own, and gets rows as they are sealed; with upkeep’s, none', async () => {
    const key = { id: 7, key: randomBytes(32) }
    const { ipad, opad } = hmacPads(key.key)
    const upkeepLogin = upkeepOf.get(keep)!
    const bring = 'select memkeep.install_token_key($1, $2, $3, $4, $5)'
    await upkeepLogin.query(bring, [key.id, ipad, opad, Date.now() - 1000, Date.now() + 60_000])
    const token = () => keep.token('load', held('load', rightBits.read), { key })
    expect(await outcomeOf(keep, 'load', own, token())).toBe('ok')
    const { with: given } = rows.load!
    expect(await callDoorway(upkeepLogin, signatures, 'load', [own, token()], given)).toBe('42501')
  })

  test('dropped, no token opens anything until others are brought', async () => {
    expect(await ask(keep, 'read', allRights)).toBe('missing')
    await upkeepOf.get(keep)!.query('select memkeep.forget_token_keys()')
    expect(await ask(keep, 'read', allRights)).toBe('MK003')
  })
})
