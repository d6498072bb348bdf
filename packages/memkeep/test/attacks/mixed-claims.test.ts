import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttackedKeep, attempt, claims, foreign, marker, own, subject } from './attacked-keep.ts'
import { hexLiteral, inject, plantInjections, restore } from './injection.ts'

// The attacker has an injection in a doorway AND authentic tokens of two tenants, and changes claims between the
// evaluations that make up one policy: the tenant by one, the clearance by the other.

let keep: AttackedKeep
/** Where a transaction may open several tokens. */
let several: AttackedKeep
/** Where a setting is believed without its ticket. */
let believing: AttackedKeep
/** Where neither transaction nor statement is part of a ticket. */
let unbound: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  several = await AttackedKeep.start()
  believing = await AttackedKeep.start()
  unbound = await AttackedKeep.start()
  for (const each of [keep, several, believing, unbound]) {
    await plantInjections(each)
    await each.database.query('update memkeep.memory set expires_ms = 9000000000000 + sensitivity')
  }
  await several.tearDown('open_token', /if pg_current_xact_id_if_assigned\(\)[\s\S]*?end if;/, '')
  await believing.tearDown('open_claims', /if int8send\(currval[\s\S]*?then/, 'if true then')
  for (const guard of ['open_claims', 'open_token']) {
    await unbound.tearDown(guard, /xid8send\([\s\S]*? \|\| timestamptz_send\(statement_timestamp\(\)\) \|\| /, '')
  }
})
afterAll(() => Promise.all([keep, several, believing, unbound].map((each) => each.stop())))

const low = claims({ clearance: 0b001 })
const high = claims({ tenant: foreign })
const aboveClearance = [1, 2].map((label) => marker(own, subject, label))
/** A scan of `memory_expiry`, the one index without the sensitivity: there the clearance is compared row by row. */
const indexScan = ['enable_seqscan', 'enable_bitmapscan', 'enable_sort'].map((name) => `set local ${name} = off`)
const keepAs = (name: string) => `select set_config('memkeep.${name}', current_setting('memkeep.claims'), false)`
const opening = (of: AttackedKeep, stated: typeof low) =>
  `memkeep.open_token(${hexLiteral(stated.tenant)}, ${hexLiteral(of.token('enter', stated))}, 'enter')`

/**
 * Reads the own shelf in the order of expiry and changes the claims at the first row in sight. One statement for each
 * direction, for the row that opens the others has to come first.
 */
const mixing = (change: string) =>
  ['asc', 'desc'].map(
    (order) => `select encode(content, 'escape') from (select * from memkeep.memory
      where expires_ms is not null and ${change} order by tenant ${order}, subject ${order}, expires_ms ${order}) m`,
  )
const useHigh = "set_config('memkeep.claims', current_setting('memkeep.high'), true) <> ''"

describe('the clearance of one token for the rows of another', () => {
  test('the other token opened in the middle of the scan', async () => {
    const attack = async (of: AttackedKeep) => {
      const answers: (string | string[])[] = []
      for (const sql of mixing(`(${opening(of, high)}).reach is not null`)) {
        // Back to the first for the audit row.
        const after = [`select ${opening(of, low)}`]
        answers.push(await inject(of, { stated: low, before: indexScan, sql, after }))
      }
      return answers
    }
    expect((await attack(several)).flat()).toEqual(expect.arrayContaining(aboveClearance))
    expect(new Set(await attack(keep))).toEqual(new Set(['MK004']))
  })

  test('both tokens opened before the scan', async () => {
    const attack = (of: AttackedKeep) => {
      const before = [keepAs('kept'), `select ${opening(of, high)}`, keepAs('high'), restore[0]!, ...indexScan]
      return inject(of, { stated: low, before, sql: mixing(useHigh)[0]!, after: restore })
    }
    expect(await attack(keep)).toBe('MK004')
    // The registers hold the ticket of the token opened last, so that the claims of the first are none any more.
    expect(await attack(several)).toBe('42501')
  })

  test('the claims of an earlier transaction in the same statement string', async () => {
    const attack = async (of: AttackedKeep) => {
      const call = (stated: typeof low, before: string[], sql: string, after: string[]) => {
        const list = (texts: string[]) => `array[${texts.map((text) => of.app.escapeLiteral(text)).join(', ')}]::text[]`
        return `select * from memkeep.injected_memkeep_door(${hexLiteral(stated.tenant)},
          ${hexLiteral(of.token('memkeep_door', stated))}, ${list(before)}, ${of.app.escapeLiteral(sql)}, ${list(after)})`
      }
      const stolen: string[] = []
      for (const sql of mixing(useHigh)) {
        const first = call(high, [keepAs('high')], 'select null::text', [])
        const second = call(low, [keepAs('kept'), ...indexScan], sql, restore)
        const answer = await attempt(of.app, `begin; ${first}; commit; begin; ${second}; commit`)
        expect(Array.isArray(answer), String(answer)).toBe(true)
        stolen.push(...answer)
      }
      return stolen
    }
    const beyond = async (of: AttackedKeep) =>
      (await attack(of)).filter((row) => row !== 'null' && row !== marker(own, subject, 0))
    expect(await beyond(believing)).toEqual(expect.arrayContaining(aboveClearance.slice(1)))
    expect(await beyond(keep)).toEqual([])
    // One register, one ticket: the second token's has taken the place of the first's, whatever else a ticket names.
    expect(await beyond(unbound)).toEqual([])
  })

  test('a savepoint gives no transaction back', async () => {
    const enter = (of: AttackedKeep) =>
      attempt(of.app, "select outcome from memkeep.enter($1, $2, 'd')", [own, of.token('enter')])
    const twice = async (of: AttackedKeep) => {
      await of.app.query('begin')
      await of.app.query('savepoint before')
      const first = await enter(of)
      await of.app.query('rollback to savepoint before')
      const second = await enter(of)
      await of.app.query('rollback')
      return [first, second]
    }
    expect(await twice(several)).toEqual([['ok'], ['ok']])
    expect(await twice(keep)).toEqual([['ok'], 'MK004'])
  })
})
