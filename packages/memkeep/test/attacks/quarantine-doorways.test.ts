import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claims } from '../../src/store/token.ts'
import { AttackedKeep, allRights, claims, commonShelf, foreign, neighbour, own, subject, tag } from './attacked-keep.ts'
import { type Answer, callDoorway, type Given, signaturesOf } from './doorway-call.ts'

// The doorways of the gate, of episodes and of the quarantine, called by any SQL with an authentic token: over the edge of the shelf, of the
// label and of what was caught. Each attack succeeds first where the walls that it meets are gone.

let keep: AttackedKeep
/** Where those doorways do not say which rows they mean, and row security is off. */
let open: AttackedKeep
let signatures: Awaited<ReturnType<typeof signaturesOf>>

const shelves = [
  [own, 'subject', subject],
  [own, 'subject', neighbour],
  [own, 'common', commonShelf],
  [foreign, 'subject', subject],
] as const
type Place = 'own' | 'neighbour' | 'common' | 'foreign'
const placesInOrder: readonly Place[] = ['own', 'neighbour', 'common', 'foreign']

beforeAll(async () => {
  ;[keep, open] = await Promise.all([AttackedKeep.start(), AttackedKeep.start()])
  signatures = await signaturesOf(keep)
  for (const table of ['memory', 'aside', 'undistilled', 'reviewed', 'lineage', 'recalled', 'removal', 'shelf']) {
    await open.database.query(`alter table memkeep.${table} disable row level security`)
  }
  const anyShelf = /(\w)\.tenant = p_tenant and \1\.subject = c\.shelf and /g
  await open.tearDown('held', /a\.tenant = p_tenant and \(shelves is null or a\.subject = any \(shelves\)\) and /g, '')
  await open.tearDown(
    'review',
    /a\.tenant = p_tenant and a\.subject = c\.shelf and a\.id = any \(p_ids\) and a\.why < 2[\s\S]+?<> 0\)/,
    'a.id = any (p_ids))',
  )
  await open.tearDown(
    'episodes',
    /m\.tenant = p_tenant and m\.subject = c\.shelf and |u\.tenant = p_tenant and u\.subject = c\.shelf and /g,
    '',
  )
  await open.tearDown('distil', anyShelf, '')
  await open.tearDown('hold', anyShelf, '')
  // What is rejected is removed.
  await open.tearDown('remove', 'where a.tenant = c.tenant and a.subject = c.shelf and a.id = any', 'where a.id = any')
})
afterAll(() => Promise.all([keep?.stop(), open?.stop()]))

const ask = (of: AttackedKeep, doorway: string, stated: Claims, given: Given) =>
  callDoorway(of.app, signatures, doorway, [stated.tenant, of.token(doorway, stated)], given)

async function asked(of: AttackedKeep, doorway: string, stated: Claims, given: Given): Promise<readonly Answer[]> {
  const answer = await ask(of, doorway, stated, given)
  if (typeof answer === 'string') throw new Error(`${doorway} ended with ${answer}`)
  return answer
}

/** One memory on each shelf, through the doorway: 0 a memory, 1 an episode, 2 held. */
async function plant(of: AttackedKeep, place: 0 | 1 | 2, { sensitivity = 1, trust = 1, actor = 0 } = {}) {
  const ids = {} as Record<Place, string>
  const bytes = Buffer.from('x')
  for (const [at, [tenant, reach, shelf]] of shelves.entries()) {
    const id = randomUUID()
    ids[placesInOrder[at]!] = id
    const [answer] = await asked(of, 'remember', claims({ tenant, reach, shelf }), {
      p_name: bytes,
      p_ids: [id],
      p_actor: [actor],
      p_trust: [trust],
      p_sensitivity: [sensitivity],
      p_kind: ['fact'],
      p_at_ms: [1],
      p_expires_ms: [null],
      p_derived: ['{}'],
      p_content: [bytes],
      p_details: [bytes],
      p_entry: [bytes],
      p_place: [place],
      p_verdict: [bytes],
    })
    expect(answer!.outcome).toBe('ok')
  }
  return ids
}

const named = (ids: Record<Place, string>, found: readonly unknown[]) =>
  placesInOrder.filter((place) => found.includes(ids[place]))
const page = { p_after: '00000000-0000-0000-0000-000000000000', p_limit: 1000 }

async function tableOf(of: AttackedKeep, id: string): Promise<string[]> {
  const rows = await of.database.query<{ name: string }>(
    `select 'memory' as name from memkeep.memory where id = $1 union all select 'aside' from memkeep.aside where id = $1`,
    [id],
  )
  return rows.map(({ name }) => name)
}

describe('held: what waits for review is looked at', () => {
  test('on the shelves that the token reads', async () => {
    for (const [of, seen] of [
      [open, placesInOrder],
      [keep, ['own', 'common']],
    ] as const) {
      const ids = await plant(of, 2)
      expect(
        named(
          ids,
          (await asked(of, 'held', claims(), page)).map(({ id }) => id),
        ),
      ).toEqual(seen)
    }
  })

  test('with the row wall alone no more is seen, and without the doorway’s own words neither', async () => {
    const ids = await plant(open, 2)
    await open.database.query('alter table memkeep.aside enable row level security')
    const found = (await asked(open, 'held', claims(), page)).map(({ id }) => id)
    await open.database.query('alter table memkeep.aside disable row level security')
    expect(named(ids, found)).toEqual(['own', 'common'])
  })

  test('a foreign one, a neighbour’s and one that is not there answer alike; so does one above the clearance', async () => {
    const ids = await plant(keep, 2, { sensitivity: 2 })
    const narrow = claims({ clearance: 0b011 })
    for (const id of [ids.foreign, ids.neighbour, randomUUID()]) {
      expect((await asked(keep, 'held', claims(), { ...page, p_id: id })).map(({ outcome }) => outcome)).toEqual([
        'missing',
      ])
    }
    expect((await asked(keep, 'held', narrow, { ...page, p_id: ids.own })).map(({ outcome }) => outcome)).toEqual([
      'missing',
    ])
    expect(await asked(keep, 'held', claims(), { ...page, p_id: ids.own })).toHaveLength(2)
  })

  test('tenant-wide within the tenant alone, and with the right for it', async () => {
    const ids = await plant(keep, 2)
    const wide = claims({ reach: 'all', shelf: commonShelf })
    const found = (await asked(keep, 'wide_held', wide, page)).map(({ id }) => id)
    expect(named(ids, found)).toEqual(['own', 'neighbour', 'common'])
    const [refused] = await asked(keep, 'wide_held', { ...wide, rights: allRights & ~16 }, page)
    expect(refused!.outcome).toBe('denied')
  })
})

describe.each([true, false])('review, release %s', (release) => {
  const reviewed = async (of: AttackedKeep, ids: Record<Place, string>, stated = claims()) => {
    const [answer] = await asked(of, 'review', stated, { p_ids: Object.values(ids), p_release: release })
    return [answer!.outcome, named(ids, (answer!.ids ?? []) as string[])]
  }

  test('touches the token’s own shelf alone', async () => {
    const [outcome, touched] = await reviewed(open, await plant(open, 2))
    expect([outcome, touched]).toEqual(['ok', placesInOrder])
    const ids = await plant(keep, 2)
    expect(await reviewed(keep, ids)).toEqual(['ok', ['own']])
    expect(await tableOf(keep, ids.own)).toEqual(release ? ['memory'] : [])
    for (const place of ['neighbour', 'common', 'foreign'] as const) {
      expect(await tableOf(keep, ids[place]), place).toEqual(['aside'])
    }
  })

  test('touches no label that the token may not write, and nothing that was superseded', async () => {
    for (const [of, touched] of [
      [open, ['own']],
      [keep, []],
    ] as const) {
      const secret = await plant(of, 2, { sensitivity: 2 })
      expect(await reviewed(of, { ...secret, ...absent }, claims({ writable: 0b011 }))).toEqual(['ok', touched])
      const older = await plant(of, 2)
      await of.database.query('update memkeep.aside set why = 2 where id = $1', [older.own])
      expect(await reviewed(of, { ...older, ...absent })).toEqual(['ok', touched])
    }
  })

  test('takes the right `common` on what belongs to the tenant', async () => {
    const ids = await plant(keep, 2)
    const stated = claims({ reach: 'common', shelf: commonShelf })
    expect(await reviewed(keep, ids, { ...stated, rights: allRights & ~8 })).toEqual(['denied', []])
    expect(await tableOf(keep, ids.common)).toEqual(['aside'])
    expect(await reviewed(keep, ids, stated)).toEqual(['ok', ['common']])
  })

  test('is no tenant-wide act', async () => {
    const ids = await plant(keep, 2)
    expect(await reviewed(keep, ids, claims({ reach: 'all', shelf: commonShelf }))).toEqual(['denied', []])
  })
})

const absent = { neighbour: randomUUID(), common: randomUUID(), foreign: randomUUID() }

test('what is released has the trust that it had, and is no episode that upkeep would keep', async () => {
  const { own: id } = await plant(keep, 2, { trust: 0, actor: 3 })
  await asked(keep, 'review', claims(), { p_ids: [id], p_release: true })
  const [row] = await keep.database.query('select trust, actor, version from memkeep.memory where id = $1', [id])
  expect(row).toEqual({ trust: 0, actor: 3, version: 1 })
})

describe('hold takes out of recall', () => {
  const caught = async (of: AttackedKeep, ids: Record<Place, string>) => {
    const all = Object.values(ids)
    const given = { p_ids: all, p_versions: all.map(() => 1), p_verdicts: all.map(() => Buffer.from('v')) }
    const [answer] = await asked(of, 'hold', claims(), given)
    return [named(ids, answer!.ids as string[]), named(ids, answer!.reviewed as string[])]
  }

  test('nothing beyond the token’s own shelf', async () => {
    expect(await caught(open, await plant(open, 0))).toEqual([placesInOrder, []])
    expect(await caught(keep, await plant(keep, 0))).toEqual([['own'], []])
  })

  test('nothing that somebody has reviewed', async () => {
    const ids = await plant(keep, 2)
    await asked(keep, 'review', claims(), { p_ids: [ids.own], p_release: true })
    expect(await caught(keep, ids)).toEqual([[], ['own']])
  })
})

describe('episodes', () => {
  test('are shown of the token’s own shelf alone', async () => {
    for (const [of, seen] of [
      [open, ['own', 'neighbour', 'common', 'foreign']],
      [keep, ['own']],
    ] as const) {
      const ids = await plant(of, 1)
      const found = (await asked(of, 'episodes', claims(), { p_limit: 1000 })).map(({ id }) => id)
      expect(named(ids, found)).toEqual(seen)
    }
  })

  const distil = (of: AttackedKeep, ids: Record<Place, string>, from: Place) => {
    const made = randomUUID()
    const bytes = Buffer.from('x')
    const given = {
      p_ids: [ids[from]],
      p_versions: [1],
      p_due_ms: [null],
      p_content: [null],
      p_details: [null],
      p_entry: [null],
      p_made: [made],
      p_made_of: [ids[from]],
      p_made_content: [bytes],
      p_made_details: [bytes],
      p_made_entry: [bytes],
    }
    return asked(of, 'distil', claims(), given).then(async ([answer]) => {
      const rows = await of.database.query<{ trust: number }>('select trust from memkeep.memory where id = $1', [made])
      return [answer!.outcome, rows.map(({ trust }) => trust)]
    })
  }

  test('distilled, nothing is made of another shelf’s, nor trusted above what it was made from', async () => {
    for (const place of ['neighbour', 'common', 'foreign'] as const) {
      expect(await distil(open, await plant(open, 1, { trust: 0, actor: 3 }), place), place).toEqual(['ok', [0]])
      expect(await distil(keep, await plant(keep, 1, { trust: 0, actor: 3 }), place), place).toEqual(['ok', []])
    }
    expect(await distil(keep, await plant(keep, 1, { trust: 0, actor: 3 }), 'own')).toEqual(['ok', [0]])
  })
})

describe('what a reader was shown', () => {
  const reader = tag('a session')
  const note = async (of: AttackedKeep, trust: number, stated = claims()) =>
    (await asked(of, 'note_recalled', stated, { p_readers: [reader], p_trust: trust }))[0]!.outcome
  const says = async (of: AttackedKeep): Promise<unknown> => {
    const bytes = Buffer.from('x')
    const labels = {
      p_actor: [1],
      p_trust: [2],
      p_sensitivity: [1],
      p_kind: ['fact'],
      p_at_ms: [1],
      p_expires_ms: [null],
    }
    const sealed = { p_content: [bytes], p_details: [bytes], p_entry: [bytes], p_derived: ['{}'] }
    const given = { p_ids: [randomUUID()], ...labels, ...sealed, p_readers: [reader] }
    return (await asked(of, 'remember', claims(), given))[0]!.trusts
  }

  test('only falls: what was noted is not unsaid by a second note', async () => {
    await open.tearDown(
      'note_shown',
      /where w\.trust < [\s\S]+?least\(r\.trust, excluded\.trust\)/,
      `group by w.reader
       on conflict (tenant, subject, reader) do update set trust = excluded.trust`,
    )
    for (const [of, trust] of [
      [open, 2],
      [keep, 0],
    ] as const) {
      expect(await note(of, 0)).toBe('ok')
      expect(await says(of)).toEqual([0])
      expect(await note(of, 3)).toBe('ok')
      expect(await says(of)).toEqual([trust])
    }
  })

  test('is noted on the token’s own shelf, in its own tenant; tenant-wide on the common one, with the right for it', async () => {
    await note(keep, 1, claims({ shelf: neighbour }))
    const wide = claims({ reach: 'all', shelf: commonShelf })
    expect(await note(keep, 1, { ...wide, rights: allRights & ~16 })).toBe('denied')
    expect(await note(keep, 1, wide)).toBe('ok')
    const given = { p_readers: [reader], p_trust: 0 }
    expect(await ask(keep, 'note_recalled', { ...wide, shelf: neighbour }, given)).toBe('42501')
    const rows = await keep.database.query<{ tenant: Buffer; subject: Buffer; trust: number }>(
      'select tenant, subject, trust from memkeep.recalled order by subject',
    )
    expect(rows).toHaveLength(3)
    expect(rows).toEqual(
      expect.arrayContaining([
        { tenant: own, subject, trust: 0 },
        { tenant: own, subject: neighbour, trust: 1 },
        { tenant: own, subject: commonShelf, trust: 1 },
      ]),
    )
  })
})

describe('endorse', () => {
  const raise = async (of: AttackedKeep, id: string, trust: number, stated = claims(), expected = 1) => {
    const bytes = Buffer.from('x')
    const given = { p_id: id, p_expected: expected, p_trust: trust, p_content: bytes, p_details: bytes, p_entry: bytes }
    return (await asked(of, 'endorse', stated, given))[0]!.outcome
  }

  test('claims no trust of the system without that author, and lowers nothing', async () => {
    await open.tearDown('endorse', /case when c\.reach <> 2[\s\S]+?else 'denied' end;/, "'ok';")
    const without = claims({ actors: 0b1011 })
    expect(await raise(open, (await plant(open, 0)).own, 3, without)).toBe('ok')
    const { own: id } = await plant(keep, 0)
    expect(await raise(keep, id, 3, without)).toBe('denied')
    for (const trust of [-1, 0, 1, 4]) expect(await raise(keep, id, trust), String(trust)).toBe('denied')
    expect(await raise(keep, id, 2, claims(), 2)).toBe('conflict')
    expect(await raise(keep, id, 2)).toBe('ok')
  })

  test('reaches the own shelf alone, no label that may not be written, nothing that is held', async () => {
    const ids = await plant(keep, 0, { sensitivity: 2 })
    for (const place of ['neighbour', 'common', 'foreign'] as const) {
      expect(await raise(keep, ids[place], 2), place).toBe('missing')
    }
    expect(await raise(keep, ids.own, 2, claims({ writable: 0b011 }))).toBe('denied')
    const common = claims({ reach: 'common', shelf: commonShelf, rights: allRights & ~8 })
    expect(await raise(keep, ids.common, 2, common)).toBe('denied')
    expect(await raise(keep, (await plant(keep, 2)).own, 2)).toBe('missing')
    expect(await raise(keep, ids.own, 2)).toBe('ok')
  })
})
