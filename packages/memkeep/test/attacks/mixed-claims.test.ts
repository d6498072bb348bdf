import { afterAll, beforeAll, expect, test } from 'vitest'
import { AttackedKeep, claims, commonShelf, foreign, marker, own, subject } from './attacked-keep.ts'
import { hexLiteral, inject, plantInjections } from './injection.ts'

let keep: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  await plantInjections(keep)
})
afterAll(() => keep.stop())

// The attacker here has an injection in a doorway AND two authentic tokens, and changes from one ticket to the other
// between the evaluations that make up one policy: the tenant by one, the clearance by the other.
const low = claims({ clearance: 0b001, writable: 0b001 })
const high = claims({ tenant: foreign, clearance: 0b111, writable: 0b111 })

const open = (stated: ReturnType<typeof claims>) =>
  `select memkeep.open_token(${hexLiteral(stated.tenant)}, ${hexLiteral(keep.token('enter', stated))}, 'enter')`
const keepAs = (name: string) => `select set_config('memkeep.${name}', current_setting('memkeep.claims'), true)`
const use = (name: string) => `set_config('memkeep.claims', current_setting('memkeep.${name}'), true)`
const both = () => [keepAs('low'), open(high), keepAs('high'), `select ${use('low')}`]

test('clearance of one token for the rows of another', async () => {
  const ids = await keep.database.query<{ id: string }>('select id from memkeep.memory where tenant = $1 order by sensitivity', [own])
  const list = ids.map((row) => `'${row.id}'`).join(', ')
  for (const where of [`m.id = any (array[${list}]::uuid[])`, 'true', 'm.shelf_version > 0']) {
    for (const off of [[], ['seqscan', 'bitmapscan'], ['indexscan', 'bitmapscan', 'indexonlyscan'], ['seqscan', 'indexscan', 'indexonlyscan']]) {
      const before = [...both(), ...off.map((kind) => `set local enable_${kind} = off`)]
      const sql = `select encode(m.content, 'escape') from memkeep.memory m where ${where} and ${use('high')} is not null order by m.id`
      const answer = await inject(keep, { stated: low, before, sql, after: [`select ${use('low')}`] })
      expect(answer, `${where} without ${off}`).toEqual(expect.arrayContaining([]))
      console.log(where.slice(0, 20), off.join(), answer)
    }
  }
})

test('the shelf of one token with the tenant of another', async () => {
  void [marker, commonShelf, subject]
})
