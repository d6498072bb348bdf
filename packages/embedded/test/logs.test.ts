import { readFileSync } from 'node:fs'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { embedded } from '../src/index.ts'
import type { Layout } from '../src/layout.ts'
import { query } from './query.ts'
import { killAll, scratch, until } from './scratch.ts'

const secret = 'the-word-nobody-may-read'
const leaks = [
  `select '${secret}'::int`,
  `insert into person values ('${secret}'), ('${secret}')`,
  `select json '{"${secret}'`,
  `do $$ begin raise exception '${secret}'; end $$`,
  `do $$ begin raise warning '${secret}'; end $$`,
]

test('errors, warnings and crashes put no content into the log', async () => {
  const layout = scratch()
  const held = await embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  await query(held.admin, 'create table person (name text primary key)')
  for (const sql of leaks) await query(held.admin, sql).catch(() => {})
  const client = new Client({ ...held.admin })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query('select pg_backend_pid() as pid')
  const cut = client.query(`select '${secret}', pg_sleep(60)`).catch(() => {})
  await runs(held.admin)
  killAll([rows[0].pid])
  await cut
  await until(() => /terminated by signal 9.*ready to accept connections/s.test(log(layout)))
  expect(log(layout)).not.toContain(secret)
  await held.release()
})

test('the attack: with PostgreSQL’s usual settings the same statements write content into the log', async () => {
  const layout = scratch()
  const held = await embedded({ dir: layout.dir, idleSeconds: 1 }).start()
  await query(held.admin, 'create table person (name text primary key)')
  for (const sql of leaks) {
    const before = log(layout).length
    const client = new Client({ ...held.admin })
    await client.connect()
    await client.query(`set log_min_messages = warning; set log_error_verbosity = 'default'`)
    await client.query(sql).catch(() => {})
    await client.end()
    expect(log(layout).slice(before), sql).toContain(secret)
  }
  await held.release()
})

async function runs(login: Parameters<typeof query>[0]): Promise<void> {
  const sql = `select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'`
  for (;;) if ((await query(login, sql))[0]?.n === 1) return
}

function log(layout: Layout): string {
  return readFileSync(layout.log, 'utf8')
}
