import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { directoryErasureLedger } from '../../src/erasure/drivers/directory-erasure-ledger.ts'
import { type Keep, type KeepOptions, openMemkeep } from '../../src/index.ts'
import { install } from '../../src/store/install.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// A backup as one of your own server is made: pg_dump, and the key store copied beside it. Restored after an erasure. Skipped where there is no
// pg_dump as new as the server; with MEMKEEP_TEST_DATABASE_URL it is your server that is dumped.

const dumps = await (async () => {
  try {
    const version = /(\d+)/.exec(execFileSync('pg_dump', ['--version']).toString())![1]
    const client = new pg.Client({ connectionString: inject('adminDatabase') })
    await client.connect()
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
    await client.end()
    return Number(version) >= Math.floor(Number(rows[0]!.server_version_num) / 10_000)
  } catch {
    return false
  }
})()

let store: TestKeep
let copy = ''
const opened: Keep[] = []
const ledger = () => directoryErasureLedger({ dir: join(store.keyDir, 'ledger') })
const late: NonNullable<KeepOptions['erasureLedger']> = {
  put: (place, line) => ledger().put(place, line),
  replace: (place, line) => ledger().replace(place, line),
  read: async () => (store === undefined ? [] : ledger().read()),
}

function run(program: string, args: readonly string[]): void {
  const { host, port, user, password } = store.database.admin
  const env = { ...process.env, PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: String(password ?? '') }
  execFileSync(program, args, { env: env as NodeJS.ProcessEnv })
}

beforeAll(async () => {
  if (!dumps) return
  store = await TestKeep.start({ erasureLedger: late })
  copy = `${store.database.name}_copy`
  for (const subject of ['ana', 'ben']) await store.memory({ subject }).add(`${subject} said`, { actor: 'user' })
})
afterAll(async () => {
  for (const keep of opened) await keep.close()
  if (store === undefined) return
  await store.database.query(`drop database if exists ${copy} with (force)`)
  await store[Symbol.asyncDispose]()
})

async function openCopy(more: Partial<KeepOptions>): Promise<Keep> {
  const keep = await openMemkeep({
    database: { ...store.database.app, database: copy, max: 3 },
    upkeep: { ...store.database.upkeep, database: copy, max: 1 },
    ...keysAt(join(store.keyDir, 'copied')),
    acceptOldServer: true,
    seams: { clock: store.clock },
    ...more,
  })
  opened.push(keep)
  return keep
}

const contents = (subject: string, keep: Keep) =>
  store
    .memory({ subject }, keep)
    .list()
    .then(({ items }) => items.map(({ content }) => content).join())
    .catch((error: { code: string }) => error.code)

test.skipIf(!dumps)(
  'pg_dump and the key store of before an erasure, restored after it: the guard erases again',
  async () => {
    const file = join(store.keyDir, 'dump')
    run('pg_dump', ['-Fc', '-f', file, store.database.name])
    for (const name of ['store', 'root.key']) {
      cpSync(join(store.keyDir, name), join(store.keyDir, 'copied', name), { recursive: true, mode: 0 })
    }
    execFileSync('chmod', ['-R', 'go-rwx', join(store.keyDir, 'copied')])
    await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))

    await store.database.query(`create database ${copy}`)
    run('pg_restore', ['-d', copy, file])
    // As after any restore: rights on the database itself are not in a dump.
    await install({ ...store.database.admin, database: copy }, {})
    const careless = await openCopy({})
    expect(await contents('ana', careless)).toBe('ana said')
    await careless.close()
    const guarded = await openCopy({ erasureLedger: ledger() })
    expect(await contents('ana', guarded)).toBe('ERR_SCOPE_BARRED')
    expect(await contents('ben', guarded)).toBe('ben said')
    expect(await guarded.checkRestored({ replaceTokenKeys: true })).toEqual({ repeated: 1 })
    expect(await contents('ben', guarded)).toBe('ben said')
  },
  120_000,
)
