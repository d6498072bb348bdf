import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AttackedKeep, attempt, claims, own, rememberText, subject } from './attacked-keep.ts'

// No check of a table stands behind the doorways: they alone see to it that a label is one. The attacker has an authentic
// token with every right, and sends labels that the kernel never would.

let keep: AttackedKeep
/** Where the doorways do not look at the labels. */
let unlooked: AttackedKeep
/** Where the row policy does not look at the range either. */
let unranged: AttackedKeep

const looksOfRemember = /if \(p_actor\[m\][\s\S]*?is not true then outcome := 'denied'; end if;/

beforeAll(async () => {
  keep = await AttackedKeep.start()
  unlooked = await AttackedKeep.start()
  unranged = await AttackedKeep.start()
  await unlooked.tearDown('remember', looksOfRemember, '')
  await unranged.tearDown('remember', looksOfRemember, '')
  await unranged.tearDown('claim_writes', 'p_sensitivity between 0 and 2 and ', '')
  await unlooked.tearDown('revise', /case when c\.reach <> 2[\s\S]*?else 'denied' end;/, "'ok';")
})
afterAll(() => Promise.all([keep, unlooked, unranged].map((one) => one.stop())))

type Label = 'actor' | 'trust' | 'sensitivity' | 'kind'
type Labels = Partial<Record<Label, number | string | null>>

const bytes = Buffer.from('x')

function remember(of: AttackedKeep, slip: Labels): Promise<string | string[]> {
  const { actor = 0, trust = 1, sensitivity = 0, kind = 'fact' } = slip
  const more = [[1], [null], ['{}'], [bytes], [bytes], [bytes], null, null, null, null, bytes]
  const labels = [[actor], [trust], [sensitivity], [kind]]
  return attempt(of.app, rememberText, [own, of.token('remember'), bytes, [randomUUID()], ...labels, ...more])
}

async function revise(of: AttackedKeep, slip: Labels): Promise<string | string[]> {
  const { actor = 0, trust = 1, sensitivity = 0 } = slip
  const [row] = await of.database.query<{ id: string; version: number }>(
    `select id, version from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = 0 and version = 1
       and trust = 1 and actor = 0 and kind = 'fact' order by id limit 1`,
    [own, subject],
  )
  const { id, version } = row!
  const old = sensitivity === 0 ? [[], [], []] : [[1], [bytes], [bytes]]
  return attempt(
    of.app,
    'select * from memkeep.revise($1, $2, $3, $4, $5, $6, $7, null, $8, $8, $8, $9, $10, $11, $8)',
    [own, of.token('revise', claims()), id, version, sensitivity, trust, actor, bytes, ...old],
  )
}

/** Everything that a write leaves, the ledger apart. */
async function store(of: AttackedKeep): Promise<string> {
  const [row] = await of.database.query<{ all: string }>(
    `select concat((select string_agg(m::text, ';' order by m::text) from memkeep.memory m),
      (select string_agg(v::text, ';' order by v::text) from memkeep.memory_version v),
      (select string_agg(s::text, ';' order by s::text) from memkeep.shelf s),
      (select string_agg(r::text, ';' order by r::text) from memkeep.removal r)) as all`,
  )
  return row!.all
}

/** With the looks torn out: 'ok' is written (by `revise` no trust above the old one, whatever was sent), 42501 is refused by the row wall and 23502 by the column. */
const slips: readonly [Labels, string, string][] = [
  [{ actor: 9 }, 'ok', 'ok'],
  [{ actor: 4 }, 'ok', 'ok'],
  [{ actor: -1 }, 'ok', 'ok'],
  [{ actor: 32 }, 'ok', 'ok'],
  [{ actor: null }, '23502', '23502'],
  [{ trust: 9 }, 'ok', 'ok'],
  [{ trust: -1 }, 'ok', 'ok'],
  [{ trust: null }, '23502', 'ok'],
  [{ sensitivity: 3 }, '42501', '42501'],
  [{ sensitivity: -1 }, '42501', '42501'],
  [{ sensitivity: 32 }, '42501', '42501'],
  [{ sensitivity: null }, '23502', '23502'],
]
const kinds: readonly (string | null)[] = ['X', '', 'Fact', '1', 'a b', 'fact\n', 'ż', `a${'b'.repeat(32)}`, null]

test.each(slips)('remember: %o', async (slip, without) => {
  expect([await remember(unlooked, slip)].flat()).toEqual([without])
  const before = await store(keep)
  expect(await remember(keep, slip)).toEqual(['denied'])
  expect(await store(keep)).toBe(before)
})

test('the row wall knows which sensitivities there are: without it 32 passes for the lowest, as 1 << 32 is 1', async () => {
  expect(await remember(unranged, { sensitivity: 32 })).toEqual(['ok'])
  expect(await remember(unlooked, { sensitivity: 32 })).toBe('42501')
})

test.each(kinds)('remember: the kind %o', async (kind) => {
  expect([await remember(unlooked, { kind })].flat()).toEqual([kind === null ? '23502' : 'ok'])
  const before = await store(keep)
  expect(await remember(keep, { kind })).toEqual(['denied'])
  expect(await store(keep)).toBe(before)
})

test.each(slips)('revise: %o', async (slip, _, without) => {
  await remember(unlooked, {})
  expect([await revise(unlooked, slip)].flat()).toEqual([without])
  const before = await store(keep)
  expect(await revise(keep, slip)).toEqual(['denied'])
  expect(await store(keep)).toBe(before)
})

test('one bad label among good ones: none is written, and what is right is taken', async () => {
  const before = await store(keep)
  const labels = [
    [0, 0, 9],
    [1, 1, 1],
    [0, 1, 2],
    ['fact', 'fact', 'fact'],
  ]
  const many = <T>(value: T): T[] => [value, value, value]
  const more = [many(1), many(null), many('{}'), many(bytes), many(bytes), many(bytes), null, null, null, null, bytes]
  const call = (ids: string[], sent: unknown[]) =>
    attempt(keep.app, rememberText, [own, keep.token('remember'), bytes, ids, ...sent, ...more])
  const ids = [randomUUID(), randomUUID(), randomUUID()]
  expect(await call(ids, labels)).toEqual(['denied'])
  expect(await store(keep)).toBe(before)
  expect(await call(ids, [[0, 0, 0], ...labels.slice(1)])).toEqual(['ok'])
  expect(await revise(keep, {})).toEqual(['ok'])
})
