import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claims } from '../../src/store/token.ts'
import { AttackedKeep, attempt, claims, commonShelf, foreign, marker, own, subject } from './attacked-keep.ts'
import { type DoorRole, doorRoles, inject, plantInjections, restore, underClaims } from './injection.ts'

// The ticket of the open claims is no secret: whoever can write the two registers can give any claims one.

let keep: AttackedKeep
let upkeep: pg.Client
/** Where the doorways' owners may write the registers. */
let writable: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  writable = await AttackedKeep.start()
  upkeep = await keep.connect(keep.database.upkeep)
  await Promise.all([plantInjections(keep), plantInjections(writable)])
  await writable.database.query(`grant all on all sequences in schema memkeep to ${doorRoles.join(', ')}`)
})
afterAll(() => Promise.all([keep.stop(), writable.stop()]))

const everyMemory = "select encode(content, 'escape') from memkeep.memory"
const everyTenant = "select encode(tenant, 'hex') from memkeep.tenant"
const rowsOf = (tenant: Buffer) =>
  [commonShelf, subject].flatMap((shelf) => [0, 1, 2].map((label) => marker(tenant, shelf, label))).sort()
const [ownRows, foreignRows] = [rowsOf(own), rowsOf(foreign)]

const names = ['memkeep.ticket_high', 'memkeep.ticket_low']
/** Where the registers are readable, as the claims are everywhere inside a doorway. */
const keepRegisters = [
  "select set_config('memkeep.kept', current_setting('memkeep.claims'), true)",
  ...names.map((name) => `select set_config('${name}_kept', currval('${name}')::text, true)`),
]
const putRegistersBack = names.map((name) => `select setval('${name}', current_setting('${name}_kept')::bigint)`)

describe('a ticket for claims of the attacker’s own', () => {
  const half = (from: number) => `('x' || encode(substring(digest from ${from} for 8), 'hex'))::bit(64)::bigint`
  /** Claims that no token states, and the ticket that fits them; the audit row is written under them too. */
  const forge = (of: AttackedKeep, as: DoorRole, stated: Partial<Claims>, sql: string, back = false) => {
    const payload = of.token('read', claims(stated)).subarray(0, -32).toString('hex')
    const ticket = `select setval('memkeep.ticket_high', ${half(1)}), setval('memkeep.ticket_low', ${half(9)})
      from sha256(xid8send(pg_current_xact_id()) || timestamptz_send(statement_timestamp()) || '\\x${payload}') as digest`
    const before = [...keepRegisters, `select set_config('memkeep.claims', '${payload}', true)`, ticket]
    const after = back ? [...putRegistersBack, ...restore] : []
    return inject(of, { as, stated: claims({ tenant: own, rights: 0 }), before, sql, after })
  }
  test.each([
    ['memkeep_door', { clearance: 0b111 }, everyMemory, marker(own, subject, 2)],
    ['memkeep_wide_door', { reach: 'all', shelf: commonShelf }, everyMemory, marker(own, subject, 2)],
    ['memkeep_upkeep_door', {}, everyTenant, foreign.toString('hex')],
  ] as const)('inside a doorway of %s', async (as, stated, sql, stolen) => {
    expect(await forge(writable, as, stated, sql)).toContain(stolen)
    expect(await forge(keep, as, stated, sql)).toBe('42501')
  })

  test('of a foreign tenant, with the own claims put back for the audit row', async () => {
    const steal = (of: AttackedKeep) => forge(of, 'memkeep_door', { tenant: foreign }, everyMemory, true)
    expect(await steal(writable)).toEqual(foreignRows)
    expect(await steal(keep)).toBe('42501')
  })
})

describe('the registers are closed', () => {
  const verbs = names.flatMap((name) => [
    `select setval('${name}', 1)::text`,
    `select setval('${name}', 1, false)::text`,
    `select nextval('${name}')::text`,
    `select currval('${name}')::text`,
    `select last_value::text from ${name}`,
    `select is_called::text from ${name}`,
    `select coalesce(pg_sequence_last_value('${name}')::text, 'hidden')`,
    `select start_value::text from pg_sequence_parameters('${name}'::regclass)`,
    `select x::text from (select 1) y (x) where nextval('${name}') is not null`,
  ])
  const acts = names.flatMap((name) => [
    `alter sequence ${name} restart`,
    `alter sequence ${name} owner to current_user`,
    `alter sequence ${name} rename to gone`,
    `drop sequence ${name}`,
    `comment on sequence ${name} is 'x'`,
    `grant all on sequence ${name} to current_user`,
    `create sequence ${name}`,
  ])
  /** Since PostgreSQL 17 the last value is null for who may not know it. */
  const closed = (answer: string | string[]) => (String(answer) === 'hidden' ? '42501' : answer)

  test('to both logins, in sessions that have opened tokens', async () => {
    await attempt(upkeep, 'select memkeep.list_tenants($1, $2, $3)', [own, keep.token('list_tenants'), 'd'])
    for (const client of [keep.app, upkeep]) {
      for (const text of [...verbs, ...acts]) expect(closed(await attempt(client, text)), text).toMatch(/^42(501|P07)$/)
      expect(await attempt(client, 'select lastval()::text')).toMatch(/^(42501|55000)$/)
    }
  })

  test.each(doorRoles)('to %s, injected into a doorway that has opened its token', async (as) => {
    for (const sql of verbs) expect(closed(await inject(keep, { as, sql })), sql).toBe('42501')
    for (const act of acts) {
      expect(await inject(keep, { as, before: [act], sql: "select 'x'" }), act).toMatch(/^42(501|P07)$/)
    }
    expect(await inject(keep, { as, sql: 'select lastval()::text' })).toMatch(/^(42501|55000)$/)
  })

  test('to the function of PostgreSQL 18 that tells what a sequence holds', async () => {
    const sql = `select coalesce(last_value::text, 'hidden') from pg_get_sequence_data('memkeep.ticket_low')`
    const told = await inject(writable, { sql })
    if (told === '42883') return
    expect(told).toEqual([expect.stringMatching(/^-?\d+$/)])
    for (const client of [keep.app, upkeep]) expect(await attempt(client, sql)).toEqual(['hidden'])
    for (const as of doorRoles) expect(await inject(keep, { as, sql })).toEqual(['hidden'])
  })

  test('and what is refused here is done where the privilege is held', async () => {
    for (const sql of verbs) {
      // Put back, so that the audit row finds its ticket.
      const answer = await inject(writable, { before: keepRegisters, sql, after: putRegistersBack })
      expect(answer, sql).toEqual([expect.stringMatching(/^(-?\d+|true)$/)])
    }
  })
})

describe('registers forgotten', () => {
  test('in the middle of a call: nothing is in sight, and nothing is written', async () => {
    expect(await inject(keep, { sql: everyMemory })).toEqual(ownRows)
    for (const forget of ['discard sequences', 'discard temp; discard sequences']) {
      expect(await inject(keep, { before: [forget], sql: everyMemory })).toBe('55000')
      expect(await inject(keep, { sql: everyMemory, after: [forget] })).toBe('55000')
    }
    expect(await inject(keep, underClaims("''", everyMemory, ['discard sequences']))).toBe('55000')
  })

  test('between two calls: the next is as ever, and claims planted there find nothing', async () => {
    for (const forget of ['discard sequences', 'discard all']) {
      await keep.app.query(forget)
      expect(await inject(keep, { sql: everyMemory })).toEqual(ownRows)
      await keep.app.query(forget)
      const payload = keep.token('enter').subarray(0, -32).toString('hex')
      await keep.app.query(`select set_config('memkeep.claims', '${payload}', false)`)
      const forgetful = `select * from memkeep.forgetful_memkeep_door(null, null, null, $1, null)`
      expect(await attempt(keep.app, forgetful, [everyMemory])).toBe('55000')
    }
  })
})
