import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claims } from '../../src/store/token.ts'
import { AttackedKeep, claims, commonShelf, foreign, own, subject, tag } from './attacked-keep.ts'
import { type Answer, callDoorway, type Given, signaturesOf } from './doorway-call.ts'
import { hexLiteral, inject, plantInjections } from './injection.ts'

// A budget of what a principal is shown: by any SQL with an authentic token, and by SQL injected into a doorway.

let keep: AttackedKeep
/** Where nothing is taken from the budget. */
let unspent: AttackedKeep
/** Where it is looked at first and taken afterwards, where a token is not compared with its code, and where row security is off on the counts. */
let naive: AttackedKeep
let signatures: Awaited<ReturnType<typeof signaturesOf>>

beforeAll(async () => {
  ;[keep, unspent, naive] = await Promise.all([AttackedKeep.start(), AttackedKeep.start(), AttackedKeep.start()])
  signatures = await signaturesOf(keep)
  await unspent.tearDown('disclose', /if taken > most[\s\S]+?'budget' end;/, "return 'ok';")
  await naive.tearDown(
    'disclose',
    /insert into memkeep\.disclosed as d([\s\S]+?)\n +where case[\s\S]+?<= most;/,
    `if (select d.memories from memkeep.disclosed d where d.tenant = c.tenant and d.principal = c.principal) + taken > most then
       return 'budget'; end if;
     insert into memkeep.disclosed as d$1;`,
  )
  await naive.tearDown('open_token', /if sha256\(key\.ipad[\s\S]+?is distinct from p_tenant then/, 'if false then')
  await naive.database.query('alter table memkeep.disclosed disable row level security')
  for (const each of [keep, naive]) await plantInjections(each)
})
afterAll(() => Promise.all([keep, unspent, naive].map((each) => each?.stop())))

const ask = (of: AttackedKeep, doorway: string, stated: Claims, given: Given, token = of.token(doorway, stated)) =>
  callDoorway(of.app, signatures, doorway, [stated.tenant, token], given)

/** The outcome, and how many rows came with it. */
function said(answer: Answer[] | string): readonly [string, number] {
  if (typeof answer === 'string') return [answer, 0]
  return [answer.find(({ outcome }) => outcome !== null)!.outcome!, answer.length - 1]
}

/** A principal that was shown nothing yet and may be shown as many memories in an hour; the epoch's place in its token says so. */
let count = 0
const bounded = (memories: number, over: Partial<Claims> = {}): Claims =>
  claims({ budget: { memories, minutes: 60 }, shelfEpoch: 0, principal: tag(`principal ${++count}`), ...over })

async function idsOf(of: AttackedKeep): Promise<string[]> {
  const rows = await of.database.query<{ id: string }>(
    'select id from memkeep.memory where tenant = $1 and subject = $2 order by id',
    [own, subject],
  )
  return rows.map(({ id }) => id)
}

const wide = { reach: 'all', shelf: commonShelf } as const
const page = { p_after: '00000000-0000-0000-0000-000000000000', p_limit: 1000 }

describe.each(['read', 'recall', 'export', 'held'])('%s', (doorway) => {
  test.each([false, true])('brings nothing once the budget is spent; tenant-wide %s', async (isWide) => {
    const [name, over] = isWide ? [`wide_${doorway}`, wide] : [doorway, {}]
    for (const [of, brings] of [
      [unspent, true],
      [keep, false],
    ] as const) {
      const ids = await idsOf(of)
      await of.database.query(
        `insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from,
           epoch, content, details, entry, why, aside_ms)
         select tenant, subject, gen_random_uuid(), version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from, epoch,
           content, details, entry, 0, 1 from memkeep.memory where id = any ($1)`,
        [ids],
      )
      const given: Given = {
        read: { p_id: ids[0], p_history: false },
        recall: { p_subjects: [], p_versions: [], p_exact: false, p_ids: ids, p_shelves: [subject] },
        export: { ...page, p_subject: subject },
        held: page,
      }[doorway]!
      const stated = bounded(2, over)
      const spent = ['read', 'read'].map(() =>
        ask(of, isWide ? 'wide_read' : 'read', stated, { p_id: ids[0], p_history: false }),
      )
      expect((await Promise.all(spent)).map((answer) => said(answer)[0])).toEqual(['ok', 'ok'])
      const [outcome, rows] = said(await ask(of, name, stated, given))
      expect(outcome).toBe(brings ? 'ok' : 'budget')
      if (brings) expect(rows).toBeGreaterThan(0)
      else expect(rows).toBe(0)
    }
  })
})

test('a call that would be shown more than there is at all is refused, and takes nothing', async () => {
  const ids = await idsOf(keep)
  const stated = bounded(2)
  const given = { p_subjects: [], p_versions: [], p_exact: false, p_ids: ids, p_shelves: [subject] }
  expect(ids).toHaveLength(3)
  expect(said(await ask(keep, 'recall', stated, given))).toEqual(['budget', 0])
  expect(said(await ask(keep, 'recall', stated, { ...given, p_ids: ids.slice(1) }))).toEqual(['ok', 2])
})

test('the token says the budget: taken out of it, or written larger, it is no token', async () => {
  for (const [of, outcomes] of [
    [naive, 'ok'],
    [keep, 'MK001'],
  ] as const) {
    const [id] = await idsOf(of)
    const given = { p_id: id, p_history: false }
    const stated = bounded(1)
    expect(said(await ask(of, 'read', stated, given))[0]).toBe('ok')
    expect(said(await ask(of, 'read', stated, given))[0]).toBe('budget')
    for (const written of [0, 60 * 2 ** 20 + 1000]) {
      const token = of.token('read', stated)
      token.writeInt32BE(written, 42)
      expect(said(await ask(of, 'read', stated, given, token))[0]).toBe(outcomes)
    }
  }
})

test('two calls at once do not spend the same: the second waits for the first', async () => {
  for (const [of, second] of [
    [naive, 'ok'],
    [keep, 'budget'],
  ] as const) {
    const [id] = await idsOf(of)
    const stated = bounded(1)
    const other = await of.connect()
    const call = (client: typeof other) =>
      callDoorway(client, signatures, 'read', [own, of.token('read', stated)], { p_id: id, p_history: false })
    await of.app.query('begin')
    expect(said(await call(of.app))[0]).toBe('ok')
    const waiting = call(other)
    await waitsForLock(of, other)
    await of.app.query('commit')
    expect(said(await waiting)[0]).toBe(second)
  }
})

async function waitsForLock(of: AttackedKeep, client: unknown): Promise<void> {
  const pid = (client as { readonly processID: number }).processID
  for (;;) {
    const [row] = await of.database.query<{ waits: boolean }>(
      "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1",
      [pid],
    )
    if (row?.waits) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('SQL injected into a doorway', () => {
  const others = `with spent as (update memkeep.disclosed set memories = 0 returning tenant, principal)
    select distinct case when tenant = ${hexLiteral(foreign)} then 'foreign' when principal = ${hexLiteral(tag('me'))} then 'me'
      else 'another' end from spent`

  test.each(['memkeep_door', 'memkeep_wide_door'] as const)(
    'as %s gives no principal but its own anything back',
    async (as) => {
      for (const [of, reached] of [
        [naive, ['another', 'foreign', 'me']],
        [keep, ['me']],
      ] as const) {
        for (const [tenant, principal] of [
          [own, 'me'],
          [own, 'another'],
          [foreign, 'me'],
        ] as const) {
          await of.database.query('insert into memkeep.disclosed values ($1, $2, 0, 5) on conflict do nothing', [
            tenant,
            tag(principal),
          ])
        }
        const stated = {
          ...claims({ ...(as === 'memkeep_wide_door' ? wide : {}), principal: tag('me') }),
          rights: 1 | 16,
        }
        expect(await inject(of, { as, stated, sql: others })).toEqual(reached)
        const remove = 'with gone as (delete from memkeep.disclosed returning 1) select count(*)::text from gone'
        if (of === keep)
          expect(await inject(of, { as, stated, sql: remove })).toEqual(as === 'memkeep_door' ? ['0'] : '42501')
      }
    },
  )
})
