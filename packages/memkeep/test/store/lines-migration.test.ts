import { expect, test } from 'vitest'
import { freshDatabase, loginPasswords } from '../../../../test/database.ts'
import { install } from '../../src/store/install.ts'
import { ownerRoles, tableFiles } from '../../src/store/schema.ts'
import { run } from './private-server.ts'

const [tenant, subject] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)]
const id = (name: number): string => `01890000-0000-7000-8000-${String(name).padStart(12, '0')}`

/** A statement, and the place of the one that it stands behind. */
interface Statement {
  readonly trust: number
  readonly successor?: number
  readonly why?: number
}

/** The schema of before lines were weighed, with these statements, and three notes of what readers were shown. */
async function older(statements: readonly Statement[]) {
  const here = await freshDatabase({ installed: false })
  await here.query('create schema memkeep authorization memkeep_owner')
  await here.query(`grant all on schema memkeep to ${ownerRoles.join(', ')}`)
  await here.query('alter default privileges for role memkeep_owner revoke usage on types from public')
  for (const file of tableFiles()) if (file.number < 49) await run(here.admin, `set role ${file.owner}`, file.text)
  await here.query("comment on schema memkeep is 'memkeep schema 48 doorways 00000000000000000000000000000000'")
  await here.query(
    `insert into memkeep.shelf (tenant, subject, epoch, state, version, floor, memories, created_ms) values ($1, $2, 1, 0, 7, 0, $3, 0)`,
    [tenant, subject, statements.length],
  )
  const columns = `tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from, epoch, content, details, entry`
  const values = `$1, $2, $3, 1, 1, $4, 1, 'fact', 0, 0, 0, '{}', 1, 'c', 'd', 'e'`
  for (const [name, { trust, successor, why = 2 }] of statements.entries()) {
    const given = [tenant, subject, id(name), trust]
    const next = successor === undefined ? null : id(successor)
    if (next === null && why === 2) {
      await here.query(`insert into memkeep.memory (${columns}, shelf_version) values (${values}, 5)`, given)
    } else {
      const aside = `insert into memkeep.aside (${columns}, why, aside_ms, successor) values (${values}, $5, 0, $6)`
      await here.query(aside, [...given, why, next])
    }
  }
  for (const trust of [0, 1, 2]) {
    await here.query('insert into memkeep.recalled values ($1, $2, $3, $4)', [
      tenant,
      subject,
      Buffer.alloc(16, trust),
      trust,
    ])
  }
  for (const table of ['shelf', 'memory', 'aside', 'recalled']) {
    await here.query(`alter table memkeep.${table} enable row level security, force row level security`)
  }
  return here
}

test('an upgrade finds what stands above its successor by now, and drops the notes that lower nothing', async () => {
  const here = await older([
    // The newest fell to an outsider's; behind it a person's, an agent's, and another person's, which stands above nothing.
    { trust: 0 },
    { trust: 1, successor: 0 },
    { trust: 2, successor: 1 },
    { trust: 1, successor: 2 },
    // Held, it stands before what it superseded as well.
    { trust: 1, why: 1 },
    { trust: 2, successor: 4 },
    // As it should be; and one whose successor is gone.
    { trust: 2 },
    { trust: 2, successor: 6 },
    { trust: 2, successor: 99 },
  ])
  expect(await install(here.admin, loginPasswords)).toBe(true)
  const rows = await here.query<{ id: string; stands_above: number | null; shelf_version: string | null }>(
    'select id, stands_above, shelf_version from memkeep.aside where why = 2 order by id',
  )
  const places = rows.map((row) => [
    Number(row.id.slice(-3)),
    row.stands_above,
    row.shelf_version && Number(row.shelf_version),
  ])
  expect(places).toEqual([
    [1, 0, 8],
    [2, 1, 8],
    [3, null, null],
    [5, 1, 8],
    [7, null, null],
    [8, null, null],
  ])
  const [shelf] = await here.query<{ version: string }>('select version from memkeep.shelf')
  expect(Number(shelf!.version)).toBe(8)
  const noted = await here.query<{ trust: number }>('select trust from memkeep.recalled order by trust')
  expect(noted.map(({ trust }) => trust)).toEqual([0, 1])
  await here.drop()
})
