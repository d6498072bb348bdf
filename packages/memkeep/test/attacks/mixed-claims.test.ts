import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttackedKeep, attempt, claims, foreign, marker, own, subject } from './attacked-keep.ts'
import { hexLiteral, inject, plantInjections, restore } from './injection.ts'

// The attacker has an injection in a doorway AND authentic tokens of two tenants, and changes tickets between the
// evaluations that make up one policy: the tenant by one, the clearance by the other.

let keep: AttackedKeep
/** Where a transaction may open several tokens. */
let several: AttackedKeep
/** Where a ticket names the server process instead of the transaction. */
let process: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  several = await AttackedKeep.start()
  process = await AttackedKeep.start()
  await Promise.all([keep, several, process].map(plantInjections))
  for (const each of [keep, several, process]) {
    await each.database.query('update memkeep.memory set expires_ms = 9000000000000 + sensitivity')
  }
  await several.tearDown('open_token', /if pg_current_xact_id_if_assigned\(\)[\s\S]*?end if;/, '')
  await process.tearDown('open_token', 'xid8send(pg_current_xact_id())', 'int4send(pg_backend_pid())')
  await process.tearDown('open_claims', 'xid8send(pg_current_xact_id_if_assigned())', 'int4send(pg_backend_pid())')
})
afterAll(() => Promise.all([keep.stop(), several.stop(), process.stop()]))

const low = claims({ clearance: 0b001 })
const high = claims({ tenant: foreign })
const aboveClearance = [1, 2].map((label) => marker(own, subject, label))
/** A scan of `memory_expiry`, the one index without the sensitivity: there the clearance is compared row by row. */
const indexScan = ['enable_seqscan', 'enable_bitmapscan', 'enable_sort'].map((name) => `set local ${name} = off`)
const useHigh = "set_config('memkeep.claims', current_setting('memkeep.high'), true)"
const keepAs = (name: string) => `select set_config('memkeep.${name}', current_setting('memkeep.claims'), false)`

/**
 * Reads the own shelf in the order of expiry and changes the claims at the first row in sight. One statement for each
 * direction, for the row that opens the others has to come first.
 */
const mixingSql = ['asc', 'desc'].map(
  (order) => `select encode(content, 'escape') from (select * from memkeep.memory
    where expires_ms is not null and ${useHigh} <> '' order by tenant ${order}, subject ${order}, expires_ms ${order}) m`,
)

describe('the clearance of one token for the rows of another', () => {
  test('two tokens in one transaction', async () => {
    const attack = async (of: AttackedKeep) => {
      const token = hexLiteral(of.token('enter', high))
      const opened = `select memkeep.open_token(${hexLiteral(foreign)}, ${token}, 'enter')`
      const before = [keepAs('kept'), opened, keepAs('high'), restore[0]!, ...indexScan]
      const answers: (string | string[])[] = []
      for (const sql of mixingSql) answers.push(await inject(of, { stated: low, before, sql, after: restore }))
      return answers
    }
    expect((await attack(several)).flat()).toEqual(expect.arrayContaining(aboveClearance))
    expect(new Set(await attack(keep))).toEqual(new Set(['MK004']))
  })

  test('two transactions in one statement string', async () => {
    const attack = async (of: AttackedKeep) => {
      const call = (stated: typeof low, before: string[], sql: string, after: string[]) => {
        const list = (texts: string[]) => `array[${texts.map((text) => of.app.escapeLiteral(text)).join(', ')}]::text[]`
        return `select * from memkeep.injected_memkeep_door(${hexLiteral(stated.tenant)},
          ${hexLiteral(of.token('memkeep_door', stated))}, ${list(before)}, ${of.app.escapeLiteral(sql)}, ${list(after)})`
      }
      const stolen: string[] = []
      for (const sql of mixingSql) {
        const first = call(high, [keepAs('high')], 'select null::text', [])
        const second = call(low, [keepAs('kept'), ...indexScan], sql, restore)
        const answer = await attempt(of.app, `begin; ${first}; commit; begin; ${second}; commit`)
        expect(Array.isArray(answer), String(answer)).toBe(true)
        stolen.push(...answer)
      }
      return stolen
    }
    expect(await attack(process)).toEqual(expect.arrayContaining(aboveClearance.slice(1)))
    expect((await attack(keep)).filter((row) => row !== 'null' && row !== marker(own, subject, 0))).toEqual([])
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
