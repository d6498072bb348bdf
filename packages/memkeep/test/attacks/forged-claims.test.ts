import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttackedKeep, attempt, claims, commonShelf, foreign, marker, own, subject } from './attacked-keep.ts'
import { doorRoles, hexLiteral, inject, plantInjections, underClaims } from './injection.ts'

let keep: AttackedKeep
/** The same, with policies that believe the setting: the ticket is not checked. */
let believing: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  believing = await AttackedKeep.start()
  await Promise.all([plantInjections(keep), plantInjections(believing)])
  await believing.tearDown('open_claims', /if int8send\(currval[\s\S]*?then/, 'if true then')
})
afterAll(() => Promise.all([keep.stop(), believing.stop()]))

const everyMemory = "select encode(content, 'escape') from memkeep.memory"
const foreignRows = [commonShelf, subject].flatMap((shelf) => [0, 1, 2].map((s) => marker(foreign, shelf, s))).sort()
const ownRows = [commonShelf, subject].flatMap((shelf) => [0, 1, 2].map((s) => marker(own, shelf, s))).sort()

/** The claims of a foreign tenant, as no token states them. */
function forgedClaims(of: AttackedKeep): string {
  return of
    .token('read', claims({ tenant: foreign }))
    .subarray(0, -32)
    .toString('hex')
}

test('claims put into the setting by hand, inside a doorway', async () => {
  const forge = (of: AttackedKeep) => inject(of, underClaims(`'${forgedClaims(of)}'`, everyMemory))
  expect(await forge(believing)).toEqual(foreignRows)
  expect(await forge(keep)).toEqual([])
  // Left there, the audit row is refused and the call fails as a whole.
  const left = underClaims(`'${forgedClaims(keep)}'`, everyMemory)
  expect(await inject(keep, { ...left, after: [] })).toBe('42501')
})

test('what is almost the claims of the token', async () => {
  const token = (tenant: Buffer) => `'${keep.token('memkeep_door', claims({ tenant })).toString('hex')}'`
  const current = "current_setting('memkeep.claims')"
  const another = keep.token('memkeep_door').subarray(0, -32).toString('hex')
  for (const stated of [
    token(foreign),
    token(own),
    `overlay(${current} placing '${foreign.toString('hex')}' from 11 for 32)`,
    `overlay(${current} placing '02' from 43 for 2)`,
    `${current} || encode(sha256(decode(${current}, 'hex')), 'hex')`,
    `'${another}'`,
    `left(${current}, -32)`,
    `left(${current}, -32) || '${'0'.repeat(32)}'`,
    `'${another}' || right(${current}, 32)`,
    `${current} || '00'`,
    `'00' || ${current}`,
    `left(${current}, -2)`,
    "''",
    "repeat('00', 200)",
    "repeat('ff', 200)",
  ]) {
    expect(await inject(keep, underClaims(stated, everyMemory)), stated).toEqual([])
  }
  expect(await inject(keep, underClaims("'not hexadecimal'", everyMemory))).toBe('22023')
  expect(await inject(keep, underClaims(current, everyMemory))).toEqual(ownRows)
})

test('every single-bit flip of authentic claims', async () => {
  const flips = 8 * (105 + 'memkeep_door'.length + 16)
  const flipped = `with kept as materialized (select decode(current_setting('memkeep.kept'), 'hex') as stated)
    select bit::text from kept, generate_series(0, ${flips} - 1) bit
    where case when set_config('memkeep.claims', encode(set_bit(stated, bit, 1 - get_bit(stated, bit)), 'hex'), true) <> ''
      then memkeep.open_claims() is not null end`
  const every = (of: AttackedKeep) => inject(of, underClaims("current_setting('memkeep.claims')", flipped))
  expect(await every(believing)).toHaveLength(flips)
  expect(await every(keep)).toHaveLength(0)
})

describe('claims changed in the middle of a scan', () => {
  const scans = {
    'as planned': [],
    'sequential scan': ['indexscan', 'bitmapscan', 'indexonlyscan'].map((kind) => `set local enable_${kind} = off`),
    'bitmap scan': ['indexscan', 'seqscan', 'indexonlyscan'].map((kind) => `set local enable_${kind} = off`),
    'index scan': ['seqscan', 'bitmapscan'].map((kind) => `set local enable_${kind} = off`),
    'parallel plans': ['set local debug_parallel_query = on'],
  }
  test.each(Object.keys(scans) as (keyof typeof scans)[])('%s', async (scan) => {
    // The first row in sight changes the claims; the inner scan starts under them.
    const midScan = (of: AttackedKeep) => {
      const forge = `set_config('memkeep.claims', '${forgedClaims(of)}', true)`
      const sql = `select distinct r.content from (${everyMemory} where ${forge} is not null) as first (content),
        lateral (${everyMemory} where length(first.content) > 0 offset 0) as r (content)
        union select ${everyMemory.slice(7)} where ${forge} is not null`
      return inject(of, underClaims("current_setting('memkeep.claims')", sql, scans[scan]))
    }
    expect(await midScan(believing)).toEqual(expect.arrayContaining(foreignRows))
    expect(ownRows).toEqual(expect.arrayContaining((await midScan(keep)) as string[]))
  })
})

test('another authentic token, opened inside the doorway', async () => {
  const common = claims({ reach: 'common', shelf: commonShelf })
  const open = (of: AttackedKeep, tenant: Buffer) =>
    `select memkeep.open_token(${hexLiteral(tenant)}, ${hexLiteral(of.token('enter', common))}, 'enter')`
  for (const as of doorRoles) {
    expect(await inject(keep, { as, before: [open(keep, own)], sql: "select 'x'" })).toBe('MK004')
    expect(await inject(keep, { as, before: [open(keep, foreign)], sql: "select 'x'" })).toBe('MK004')
  }
})

test('the application sets claims before a doorway, or calls what only doorways call', async () => {
  for (const of of [keep, believing]) {
    await of.app.query('begin')
    await of.app.query(`select set_config('memkeep.claims', '${forgedClaims(of)}', false)`)
    const answer = await attempt(of.app, 'select * from memkeep.forgetful_memkeep_door(null, null, null, $1, null)', [
      everyMemory,
    ])
    expect(answer).toEqual(of === believing ? foreignRows : [])
    await of.app.query('rollback')
    // A session that has never opened a token has no register at all.
    const fresh = await of.connect()
    await fresh.query(`select set_config('memkeep.claims', '${forgedClaims(of)}', false)`)
    const first = await attempt(fresh, 'select * from memkeep.forgetful_memkeep_door(null, null, null, $1, null)', [
      everyMemory,
    ])
    expect(first).toEqual(of === believing ? foreignRows : '55000')
  }
  for (const guard of [
    'open_claims()',
    'claim_tenant()',
    'claim_shelves()',
    'claim_clearance()',
    'claim_right(1)',
    `open_token(${hexLiteral(own)}, ${hexLiteral(keep.token('enter'))}, 'enter')`,
  ]) {
    expect(await attempt(keep.app, `select memkeep.${guard}::text`), guard).toBe('42501')
  }
})
