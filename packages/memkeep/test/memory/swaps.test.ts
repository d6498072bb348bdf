import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Keep } from '../../src/index.ts'
import { HeldKeys } from '../../src/keys/held-keys.ts'
import { WrappedKeys } from '../../src/keys/wrapped-keys.ts'
import { codeOf } from '../support/code-of.ts'
import { keysAt } from '../support/keys-at.ts'
import { type Asking, TestKeep } from '../support/test-keep.ts'

// A database administrator moves sealed bytes and changes labels at will. Nothing that was moved or relabelled opens.

let store: TestKeep
/** Holds no shelf: every search loads what stands in the database. */
let cold: Keep
const victim: Asking = { subject: 'ana', roles: ['admin'] }
const places = {
  ana: victim,
  bob: { subject: 'bob', roles: ['admin'] },
  'ana of globex': { tenant: 'globex', subject: 'ana', roles: ['admin'] },
} as const
type Place = keyof typeof places
/** Ids: two memories in each place, each with one earlier version. */
const ids: Record<Place, [string, string]> = { ana: ['', ''], bob: ['', ''], 'ana of globex': ['', ''] }
const sql = (text: string, ...values: unknown[]) => store.database.query<Record<string, string>>(text, values)

beforeAll(async () => {
  store = await TestKeep.start()
  cold = await store.open({ shelfBudgetBytes: 1 })
  for (const [place, asking] of Object.entries(places) as [Place, Asking][]) {
    for (const number of [0, 1] as const) {
      const memory = store.memory(asking)
      const options = { actor: 'user', sensitivity: 'private', expiresAt: new Date(store.clock.nowMs + 1e9) } as const
      const { id } = await memory.add('word as it was', { ...options, tags: [`${number}`] })
      store.clock.advance(1)
      await memory.update(id, { content: 'word as it is' }, { actor: 'agent' })
      ids[place][number] = id
    }
  }
  for (const table of ['memory', 'memory_version'])
    await sql(`create table kept_${table} as select * from memkeep.${table}`)
})
afterAll(() => store?.[Symbol.asyncDispose]())

async function restore(): Promise<void> {
  for (const table of ['memory', 'memory_version']) {
    await sql(`delete from memkeep.${table}`)
    await sql(`insert into memkeep.${table} select * from kept_${table}`)
  }
}

type Outcomes = Record<'get' | 'history' | 'search' | 'list', string>

/** How each reading verb ends on that memory: with an error, or with it there or left out. */
async function outcomes(asking: Asking, id: string): Promise<Outcomes> {
  const memory = store.memory(asking, cold)
  const looked = async (look: Promise<readonly { readonly id: string }[]>) => {
    const code = await codeOf(look)
    if (code !== 'none') return code
    return (await look).some((found) => found.id === id) ? 'there' : 'left out'
  }
  return {
    get: await codeOf(memory.get(id)),
    history: await codeOf(memory.history(id)),
    search: await looked(memory.search('word').then(({ memories }) => memories)),
    list: await looked(memory.list().then(({ items }) => items)),
  }
}

const whole: Outcomes = { get: 'none', history: 'none', search: 'there', list: 'there' }
const [get, history] = ['ERR_SEAL_BROKEN', 'ERR_SEAL_BROKEN']
/** Its entry opens, so a search finds it, and then it does not: it is left out, and the others are an answer all the same. */
const unreadable: Outcomes = { get, history, search: 'left out', list: 'left out' }
/** A search does not find it, and finds all others. */
const leftOut: Outcomes = { ...whole, search: 'left out', list: 'left out' }
const unreadableAndLeftOut: Outcomes = { ...leftOut, get, history }

test('control: as they stand they open, and so they do after every restoration', async () => {
  await restore()
  for (const [place, asking] of Object.entries(places) as [Place, Asking][]) {
    for (const id of ids[place]) expect(await outcomes(asking, id)).toEqual(whole)
  }
})

describe('ciphertexts', () => {
  const pairs = (Object.keys(places) as Place[]).flatMap((from) =>
    (Object.keys(places) as Place[]).map((to) => [from, to] as const),
  )
  test.each(pairs)('of a memory of %s put in one of %s, each column alone and all together', async (from, to) => {
    const [source, target] = [ids[from][0], ids[to][from === to ? 1 : 0]]
    for (const [columns, hurt] of [
      [['content'], unreadable],
      [['details'], unreadable],
      [['entry'], leftOut],
      [['content', 'details', 'entry'], unreadableAndLeftOut],
    ] as const) {
      const set = columns.map((column) => `${column} = s.${column}`).join(', ')
      await sql(`update memkeep.memory m set ${set} from kept_memory s where m.id = $1 and s.id = $2`, target, source)
      expect(await outcomes(places[to], target)).toEqual(hurt)
      await restore()
    }
  })

  test('put in another column of the same row', async () => {
    const [id] = ids.ana
    for (const [to, from, hurt] of [
      ['content', 'details', unreadable],
      ['content', 'entry', unreadable],
      ['details', 'content', unreadable],
      ['details', 'entry', unreadable],
      ['entry', 'content', leftOut],
      ['entry', 'details', leftOut],
    ] as const) {
      await sql(`update memkeep.memory set ${to} = ${from} where id = $1`, id)
      expect(await outcomes(victim, id)).toEqual(hurt)
      await restore()
    }
  })

  test('of an earlier version put in the standing one, and the other way round', async () => {
    const [id] = ids.ana
    for (const column of ['content', 'details']) {
      await sql(
        `update memkeep.memory m set ${column} = v.${column} from memkeep.memory_version v where m.id = $1 and v.id = m.id`,
        id,
      )
      expect(await outcomes(victim, id)).toEqual(unreadable)
      await restore()
      await sql(
        `update memkeep.memory_version v set ${column} = m.${column} from memkeep.memory m where m.id = $1 and v.id = m.id`,
        id,
      )
      expect(await outcomes(victim, id)).toEqual({ ...whole, history })
      await restore()
    }
  })

  test('with one bit changed, cut short, or empty', async () => {
    const [id] = ids.ana
    for (const value of [
      'set_bit(content, 300, 1 - get_bit(content, 300))',
      'substring(content from 1 for 20)',
      "''::bytea",
    ]) {
      await sql(`update memkeep.memory set content = ${value} where id = $1`, id)
      expect(await outcomes(victim, id)).toEqual(unreadable)
      await restore()
    }
  })
})

/** Each changes one label of one row. */
const relabellings: readonly [string, string][] = [
  ['sensitivity, lowered', 'sensitivity = 0'],
  ['sensitivity, raised', 'sensitivity = 2'],
  ['trust', 'trust = 3'],
  ['actor', 'actor = 2'],
  ['kind', "kind = 'fact'"],
  ['at', 'at_ms = at_ms - 1'],
  ['creation', 'created_ms = created_ms - 1'],
  ['revision', 'updated_ms = updated_ms + 1'],
  ['expiry, later', 'expires_ms = expires_ms + 1'],
  ['expiry, lifted', 'expires_ms = null'],
  ['lineage', "derived_from = array['01890000-0000-7000-8000-000000000000'::uuid]"],
  ['version', 'version = version + 5'],
]

describe('labels', () => {
  test.each(relabellings)('%s', async (_, change) => {
    const [id] = ids.ana
    await sql(`update memkeep.memory set ${change} where id = $1`, id)
    expect(await outcomes(victim, id)).toEqual(unreadableAndLeftOut)
    await restore()
    // The join of the history looks at the standing row's expiry.
    await sql(`update memkeep.memory_version set ${change} where id = $1`, id)
    expect(await outcomes(victim, id)).toEqual({ ...whole, history })
    await restore()
  })

  test('a lineage that is taken away', async () => {
    const memory = store.memory({ subject: 'derived', roles: ['admin'] })
    const { id: source } = await memory.add('source', { actor: 'tool' })
    const { id } = await memory.add('word', { actor: 'user', derivedFrom: [source] })
    await sql("update memkeep.memory set derived_from = '{}' where id = $1", id)
    expect(await outcomes({ subject: 'derived', roles: ['admin'] }, id)).toEqual(unreadableAndLeftOut)
    await sql('delete from memkeep.memory where id = any ($1)', [source, id])
  })
})

describe('whole rows', () => {
  test.each([
    ['ana', 'bob'],
    ['bob', 'ana'],
    ['ana', 'ana of globex'],
    ['ana of globex', 'bob'],
  ] as const)('of %s moved to %s', async (from, to) => {
    const [id] = ids[from]
    const set = 'set tenant = s.tenant, subject = s.subject, shelf_version = s.shelf_version'
    await sql(`update memkeep.memory m ${set} from kept_memory s where m.id = $1 and s.id = $2`, id, ids[to][0])
    expect(await outcomes(places[to], id)).toEqual(unreadableAndLeftOut)
    await restore()
  })

  test('of a subject moved to the common shelf', async () => {
    await store.common({ rights: ['common'] }).add('notice', { actor: 'user' })
    const [id] = ids.ana
    await sql("update memkeep.memory set subject = '\\x00000000000000000000000000000000' where id = $1", id)
    expect(await outcomes(places.bob, id)).toEqual(unreadableAndLeftOut)
    await restore()
  })

  test('under another id', async () => {
    const other = '01890000-0000-7000-8000-0000000000aa'
    await sql('update memkeep.memory set id = $2 where id = $1', ids.ana[0], other)
    expect(await outcomes(victim, other)).toEqual(unreadableAndLeftOut)
    await restore()
  })

  test('an earlier version put back under the number of the standing one', async () => {
    const [id] = ids.ana
    const set = 'content = v.content, details = v.details, updated_ms = v.updated_ms, actor = v.actor, trust = v.trust'
    await sql(`update memkeep.memory m set ${set} from memkeep.memory_version v where m.id = $1 and v.id = m.id`, id)
    expect(await outcomes(victim, id)).toEqual(unreadableAndLeftOut)
    await restore()
  })
})

test('epochs: of a key that never was, and of one that is', async () => {
  const [id] = ids.ana
  await sql('update memkeep.memory set epoch = 2 where id = $1', id)
  const gone = 'ERR_KEY_DESTROYED'
  expect(await outcomes(victim, id)).toEqual({ ...leftOut, get: gone, history: gone })
  const [row] = await sql(
    "select encode(tenant, 'hex') as tenant, encode(subject, 'hex') as subject from memkeep.memory where id = $1",
    id,
  )
  const { keys, keyStore } = keysAt(store.keyDir)
  const held = new HeldKeys(systemClock, 60_000)
  const made = await new WrappedKeys(keys, keyStore, held).make(`subject/${row!.tenant}/${row!.subject}/2/1`)
  held.close()
  expect(made).toBe(true)
  expect(await outcomes(victim, id)).toEqual(unreadableAndLeftOut)
  await restore()
})

test('a sealed policy and a sealed name of another tenant do not open', async () => {
  await store.privileged().tenants.setPolicy('globex', {})
  const [globex] = await sql("select encode(tenant, 'hex') as tag from memkeep.tenant where policy is not null")
  await sql(
    "update memkeep.tenant t set policy = g.policy, policy_version = 1 from memkeep.tenant g where g.tenant = decode($1, 'hex') and t.policy is null and t.tenant <> g.tenant",
    globex!.tag,
  )
  expect(await codeOf(store.memory(victim, cold).list())).toBe('ERR_SEAL_BROKEN')
  await sql(
    "update memkeep.tenant t set policy = null, policy_version = 0, name = g.name from memkeep.tenant g where g.tenant = decode($1, 'hex')",
    globex!.tag,
  )
  expect(await codeOf(store.privileged().tenants.list())).toBe('ERR_SEAL_BROKEN')
})
