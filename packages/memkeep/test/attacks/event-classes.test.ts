import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readOps } from '../../src/proof/read-ops.ts'
import { doorwayFiles } from '../../src/store/schema.ts'
import { mintToken } from '../../src/store/token.ts'
import { random, seed } from '../support/seed.ts'
import { AttackedKeep, attempt, claims, foreign, own } from './attacked-keep.ts'
import { hexLiteral, inject, plantInjections } from './injection.ts'

let keep: AttackedKeep
/** The same database with one wall taken out. */
let torn: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
  await Promise.all([plantInjections(keep), plantInjections(torn)])
})
afterAll(() => Promise.all([keep.stop(), torn.stop()]))

const recallText = `select outcome from memkeep.recall($1, $2, $3, '{}', '{}', false, '{}', '{}', 'd') where part = 0`

/** One token, and two calls that name actions of two classes: how each ended, and what the ledger says of them. */
async function recallTwice(of: AttackedKeep) {
  const event = randomUUID()
  const token = of.token('recall', claims(), { event })
  const answers = []
  for (const action of ['memory.list', 'memory.delete'])
    answers.push(await attempt(of.app, recallText, [own, token, action]))
  const rows = await of.database.query<{ action: string; class: number }>(
    'select action, class from memkeep.event where id = $1 order by class',
    [event],
  )
  return { answers, rows }
}

test('a token commits once, also when its caller names an action of another class the second time', async () => {
  const wall = "case when p_action = 'memory.list' then p_action else 'memory.search' end"
  await torn.tearDown('recall', wall, 'p_action')
  // While it waits for its place in the log, that it waits would stop it too.
  await torn.database.query('alter table memkeep.pending drop constraint pending_pkey')
  expect(await recallTwice(torn)).toEqual({
    answers: [['ok'], ['ok']],
    rows: [
      { action: 'memory.list', class: 0 },
      { action: 'memory.delete', class: 1 },
    ],
  })
  expect(await recallTwice(keep)).toEqual({ answers: [['ok'], '23505'], rows: [{ action: 'memory.list', class: 0 }] })
})

test('what a caller of recall calls itself, the ledger has it as a list or a search', async () => {
  for (const [action, told] of [
    ['memory.list', 'memory.list'],
    ['memory.search', 'memory.search'],
    ['memory.delete', 'memory.search'],
    [null, 'memory.search'],
  ]) {
    const event = randomUUID()
    expect(await attempt(keep.app, recallText, [own, keep.token('recall', claims(), { event }), action])).toEqual([
      'ok',
    ])
    expect(await keep.database.query('select action from memkeep.event where id = $1', [event])).toEqual([
      { action: told },
    ])
  }
})

/** The action that a doorway records, as its file has it: literals, or the name of a variable. */
const recorded = doorwayFiles().flatMap(({ name, text }) => {
  const call = /memkeep\.record\(c, ([\s\S]+?), (?:answer\.)?outcome,/.exec(text)?.[1]
  return call === undefined ? [] : [{ name, call }]
})

test('every other doorway names its actions itself, all of one class', async () => {
  expect(recorded.length).toBeGreaterThan(15)
  const classes = await Promise.all(
    recorded.map(async ({ name, call }) => {
      const variable = /^\w+$/.test(call)
      const text = variable ? doorwayFiles().find((file) => file.name === name)!.text : call
      const given = variable ? [...text.matchAll(new RegExp(`${call} (?:text )?:= ('[^']+')`, 'g'))].join() : call
      const actions = [...given.matchAll(/'([a-z]+\.[a-z-]+)'/g)].map((match) => match[1]!)
      expect(actions, name).not.toEqual([])
      return { name, classes: new Set(await Promise.all(actions.map(classOf))).size }
    }),
  )
  expect(classes.filter((doorway) => doorway.classes !== 1)).toEqual([])
})

test('what a cold file must hold the events of is what the database keeps as reads', async () => {
  const reads = /class integer := case\s+when p_action in \(([^)]+)\) then 0/.exec(await recordBody())![1]!
  expect([...reads.matchAll(/'([^']+)'/g)].map(([, action]) => action)).toEqual([...readOps])
})

/** The class that record() gives an action, as an injection into a doorway finds it. */
async function classOf(action: string): Promise<number> {
  const [row] = await keep.database.query<{ class: number }>(
    `select case ${/class integer := case([\s\S]+?)end;/.exec(await recordBody())![1]!.replaceAll('p_action', '$1::text')} end as class`,
    [action],
  )
  return row!.class
}

async function recordBody(): Promise<string> {
  const [row] = await keep.database.query<{ text: string }>(
    "select pg_get_functiondef('memkeep.record'::regproc) as text",
  )
  return row!.text
}

test('at any time that a token can state there is a partition, and the same token meets its own key', async () => {
  process.stdout.write(`MEMKEEP_TEST_SEED=${seed}\n`)
  const next = random()
  const moments = [0, 1, 2592000000 * 16 - 1, 2592000000 * 16, 31104000000 * 16, Number.MAX_SAFE_INTEGER]
  const places = new Set<string>()
  for (let n = 0; n < 60; n++) {
    const atMs = moments[n] ?? Math.floor(next() * Date.now() * 2)
    const event = randomUUID()
    const token = mintToken(keep.key, claims(), { doorway: 'enter', event, atMs })
    const enter = "select outcome from memkeep.enter($1, $2, 'd')"
    expect(await attempt(keep.app, enter, [own, token])).toEqual(['ok'])
    expect(await attempt(keep.app, enter, [own, token])).toBe('23505')
    const [row] = await keep.database.query<{ place: string; period: number }>(
      'select tableoid::regclass::text as place, period from memkeep.event where tenant = $1 and id = $2',
      [own, event],
    )
    expect(row).toEqual({
      place: `memkeep.event_read_${String(row!.period).padStart(2, '0')}`,
      period: Math.floor(atMs / 2592000000) % 16,
    })
    places.add(row!.place)
  }
  expect(places.size).toBeGreaterThan(8)
})

describe('a partition, asked directly', () => {
  const leaf = `memkeep.event_admin_${String(Math.floor(Date.now() / 31104000000) % 16).padStart(2, '0')}`
  const read = `select encode(tenant, 'hex') from ${leaf} where tenant <> ${hexLiteral(own)}`
  const write = [
    `insert into ${leaf} (tenant, id, class, period, action, outcome, reach, epoch, principal, at_ms, memories, affected,
      detail) values (${hexLiteral(foreign)}, '${randomUUID()}', 2, ${Number(leaf.slice(-2))}, 'tenant.create', 'ok', 0, 1, '', 1, '{}', 0, '')`,
  ]

  test('shows and takes rows of any tenant where it has neither row security nor closed privileges', async () => {
    await torn.database.query(`alter table ${leaf} disable row level security`)
    await torn.database.query(`grant select, insert on ${leaf} to memkeep_door`)
    expect(await inject(torn, { sql: read })).toContain(foreign.toString('hex'))
    expect(await inject(torn, { before: write, sql: "select 'written'" })).toEqual(['written'])
  })

  test('as installed: no privilege; and with one, row security that no policy opens', async () => {
    expect(await inject(keep, { sql: read })).toBe('42501')
    expect(await inject(keep, { before: write, sql: "select 'written'" })).toBe('42501')
    await keep.database.query(`grant select, insert on ${leaf} to memkeep_door`)
    expect(await inject(keep, { sql: read })).toEqual([])
    expect(await inject(keep, { before: write, sql: "select 'written'" })).toBe('42501')
    await keep.database.query(`revoke select, insert on ${leaf} from memkeep_door`)
  })
})
