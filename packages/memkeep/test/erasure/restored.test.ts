import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import type { Shown } from '../../src/audit/witness.ts'
import { directoryErasureLedger } from '../../src/erasure/drivers/directory-erasure-ledger.ts'
import { type Keep, type KeepOptions, MemkeepError, openMemkeep } from '../../src/index.ts'
import { mintScope } from '../../src/trust.ts'
import { adminOf, adminOfTenant, finished } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { TestKeep } from '../support/test-keep.ts'

// A backup of the database (a copy of the whole of it) and of the key store, made before an erasure, and put back after it.

let store: TestKeep
let copy: string
const opened: Keep[] = []

beforeEach(async () => {
  store = await TestKeep.start({ erasureLedger: ledgerBeside(() => store) })
  for (const tenant of ['acme', 'globex']) {
    for (const subject of ['ana', 'ben']) {
      await store.memory({ tenant, subject }).add(`${tenant} ${subject}`, { actor: 'user' })
    }
  }
  await store.keep.runUpkeep()
  copy = `${store.database.name}_copy`
  await backUp()
})
afterEach(async () => {
  for (const keep of opened.splice(0)) await keep.close()
  await store[Symbol.asyncDispose]()
  await once(`drop database if exists ${copy} with (force)`)
})

async function once(text: string): Promise<void> {
  const client = new pg.Client({ ...store.database.admin, database: 'postgres' })
  await client.connect()
  await client.query(text).finally(() => client.end())
}

async function backUp(): Promise<void> {
  cpSync(join(store.keyDir, 'store'), join(store.keyDir, 'copied', 'store'), { recursive: true })
  chmodSync(join(store.keyDir, 'copied', 'store'), 0o700)
  cpSync(join(store.keyDir, 'root.key'), join(store.keyDir, 'copied', 'root.key'))
  const others = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()'
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ ...store.database.admin, database: 'postgres' })
    client.on('error', () => {})
    await client.connect()
    try {
      await client.query(others, [store.database.name])
      await client.query(`create database ${copy} template ${store.database.name}`)
      await client.query(`revoke connect, temp on database ${copy} from public`)
      await client.query(`grant connect on database ${copy} to memkeep_app, memkeep_upkeep`)
      return
    } catch (error) {
      if (tries === 20) throw error
    } finally {
      await client.end()
    }
  }
}

/** A process on the restored database; the keys are those of today, or those of the backup. */
async function openCopy(options: Partial<KeepOptions> & { readonly keyDir?: string } = {}): Promise<Keep> {
  const { keyDir = store.keyDir, ...more } = options
  const keep = await openMemkeep({
    database: { ...store.database.app, database: copy, max: 3 },
    upkeep: { ...store.database.upkeep, database: copy, max: 1 },
    ...keysAt(keyDir),
    acceptOldServer: true,
    seams: { clock: store.clock },
    ...more,
  })
  opened.push(keep)
  return keep
}

async function held(tenant: string, keep: Keep): Promise<string> {
  const found: string[] = []
  for (const subject of ['ana', 'ben']) {
    const scope = mintScope({ tenant, subject, principal: { id: 'svc', roles: ['agent'] } })
    const items = await keep
      .for(scope)
      .list()
      .then((page) => `${page.items.length}`)
      .catch((error: { code: string }) => error.code)
    found.push(`${subject} ${items}`)
  }
  return found.join(', ')
}

async function tokenKeys(): Promise<string[]> {
  const client = new pg.Client({ ...store.database.admin, database: copy })
  await client.connect()
  const { rows } = await client.query<{ pad: string }>("select encode(ipad, 'hex') as pad from memkeep.token_key")
  await client.end()
  return rows.map(({ pad }) => pad)
}

async function rowsIn(table: string): Promise<number> {
  const client = new pg.Client({ ...store.database.admin, database: copy })
  await client.connect()
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from memkeep.${table}`)
  await client.end()
  return rows[0]!.n
}

/** How often a process told the ledger under which settings it serves, or that it replaced the keys of tokens. */
const announced = (): Promise<number> => rowsIn("event where action = 'deployment.policy'")

test('without the ledger a restored backup brings the rows back; with it the guard erases again before anything is served', async () => {
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  const careless = await openCopy()
  expect(await rowsIn('memory')).toBe(4)
  expect(await held('acme', careless)).toBe('ana ERR_KEY_DESTROYED, ben 1')

  const guarded = await openCopy({ erasureLedger: ledgerBeside(() => store) })
  expect(await rowsIn('memory')).toBe(3)
  expect(await held('acme', guarded)).toBe('ana ERR_SCOPE_BARRED, ben 1')
  expect(await held('globex', guarded)).toBe('ana 1, ben 1')
  expect(await guarded.checkRestored()).toEqual({ repeated: 1 })
  const before = await tokenKeys()
  const said = await announced()
  expect(await guarded.checkRestored({ replaceTokenKeys: true })).toEqual({ repeated: 1 })
  expect(await announced()).toBe(said + 1)
  expect((await tokenKeys()).filter((pad) => before.includes(pad))).toEqual([])
  expect(await held('globex', guarded)).toBe('ana 1, ben 1')
  store.clock.advance(300_001)
  for (let pass = 0; pass < 3; pass++) {
    await guarded.runUpkeep()
    store.clock.advance(61_000)
  }
  const [again] = await guarded.for(adminOf('ana')).erasures.list()
  expect(again).toMatchObject({ state: 'done', report: { kind: 'subject' } })
}, 240_000)

test('a tenant too, and an erased tenant that a backup of the key store brings back', async () => {
  await finished(store, await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' }))
  const guarded = await openCopy({ erasureLedger: ledgerBeside(() => store) })
  expect(await held('acme', guarded)).toBe('ana ERR_SCOPE_BARRED, ben ERR_SCOPE_BARRED')
  expect(await held('globex', guarded)).toBe('ana 1, ben 1')
  expect(await rowsIn('memory')).toBe(2)
  await guarded.close()
  // Database and key store of the backup, with today's root: its generation is destroyed, nothing opens.
  for (const file of readdirSync(store.keyDir).filter((name) => name.startsWith('root.key'))) {
    cpSync(join(store.keyDir, file), join(store.keyDir, 'copied', file))
  }
  const keyDir = join(store.keyDir, 'copied')
  await expect(openCopy({ keyDir })).rejects.toMatchObject({ code: 'ERR_KEY_DESTROYED' })
}, 240_000)

test('with root, key store and database of the backup everything opens, but for what the guard erases again', async () => {
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  const keyDir = join(store.keyDir, 'copied')
  const careless = await openCopy({ keyDir })
  expect(await held('acme', careless)).toBe('ana 1, ben 1')
  await careless.close()
  const guarded = await openCopy({ keyDir, erasureLedger: ledgerBeside(() => store) })
  expect(await held('acme', guarded)).toBe('ana ERR_SCOPE_BARRED, ben 1')
  expect((await keysAt(keyDir).keyStore.list('subject/')).filter((name) => name.includes('/erased/'))).toHaveLength(1)
}, 240_000)

test('a key of a version that had ended, which a backup of the key store brings back, is deleted by the guard', async () => {
  const common = store.common({ roles: ['admin'] }).artifacts
  const { id: tea } = await store.memory({ subject: 'ben' }).add('tea', { actor: 'user' })
  const { id } = await common.register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  const keyDir = join(store.keyDir, 'copied')
  cpSync(join(store.keyDir, 'store'), join(keyDir, 'store'), { recursive: true })
  await common.remove(id)
  await store.keep.runUpkeep()
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  // Far beyond whatever time the ids of this process have reached in other tests' stores.
  store.clock.advance(36_000_000)
  const keys = async () => (await keysAt(keyDir).keyStore.list('version/')).filter((name) => !name.includes('/erased/'))
  expect(await keys()).toHaveLength(1)
  await using keep = await store.open({ ...keysAt(keyDir), erasureLedger: ledgerBeside(() => store) })
  expect(await keys()).toEqual([])
  expect(
    await keep.for(mintScope({ tenant: 'acme', subject: 'ben', principal: { id: 'svc', roles: ['agent'] } })).list(),
  ).toMatchObject({ items: [{}, {}] })
}, 240_000)

test('the ledger names nobody, holds its chain, and refuses to open when it was altered or lacks a line', async () => {
  for (const subject of ['ana', 'ben']) {
    await finished(store, await store.keep.eraseSubject(adminOf(subject), { reason: 'request' }))
  }
  const dir = join(store.keyDir, 'ledger')
  const names = readdirSync(dir).sort()
  expect(names).toEqual(['0000000001.json', '0000000002.json'])
  const texts = names.map((name) => readFileSync(join(dir, name), 'utf8'))
  for (const text of texts) expect(text).not.toMatch(/ana|ben|acme/)
  const erasureLedger = ledgerBeside(() => store)
  writeFileSync(join(dir, names[0]!), texts[0]!.replace('"epoch":1', '"epoch":0'))
  await expect(openCopy({ erasureLedger })).rejects.toMatchObject({ code: 'ERR_STORE_ROLLED_BACK' })
  writeFileSync(join(dir, names[0]!), texts[0]!)
  await (await openCopy({ erasureLedger })).close()
  rmSync(join(dir, names[0]!))
  await expect(openCopy({ erasureLedger })).rejects.toMatchObject({ code: 'ERR_STORE_ROLLED_BACK' })
}, 240_000)

test('lines expire with the last backup, and the chain holds', async () => {
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  store.clock.advance(36 * 86_400_000)
  const later = await store.open({ erasureLedger: ledgerBeside(() => store) })
  const scope = adminOf('ben', 'globex')
  await finished(store, await later.eraseSubject(scope, { reason: 'request' }))
  const lines = await ledgerBeside(() => store).read()
  expect(lines).toHaveLength(2)
  expect(lines[0]).not.toMatch(/tenant|subject|commit/)
  expect(lines[1]).toContain('"subject"')
  expect(await later.checkRestored()).toEqual({ repeated: 0 })
}, 240_000)

describe('a ledger that was cut off or replaced', () => {
  const ledger = () => directoryErasureLedger({ dir: join(store.keyDir, 'ledger') })
  const cut = () => rmSync(join(store.keyDir, 'ledger', '0000000002.json'))
  const witness = () => fileWitness({ path: join(store.keyDir, 'witness') })

  async function eraseTwo(options: Partial<KeepOptions> = {}): Promise<void> {
    const keep = await store.open({ erasureLedger: ledgerBeside(() => store), ...options })
    for (const subject of ['ana', 'ben']) {
      await finished(store, await keep.eraseSubject(adminOf(subject), { reason: 'request' }))
    }
    await keep.checkRestored()
  }

  test('is refused by what the database and the key store know of it', async () => {
    await eraseTwo()
    cut()
    const erasureLedger = ledger()
    await expect(store.open({ erasureLedger })).rejects.toMatchObject({ code: 'ERR_STORE_ROLLED_BACK' })
    // The database is the one of the backup, the key store knows.
    await expect(openCopy({ erasureLedger })).rejects.toMatchObject({ code: 'ERR_STORE_ROLLED_BACK' })
    rmSync(join(store.keyDir, 'ledger'), { recursive: true })
    await expect(openCopy({ erasureLedger })).rejects.toMatchObject({ code: 'ERR_STORE_ROLLED_BACK' })
    // Lost for good: somebody says that another one counts.
    const without = await store.open()
    await without.acceptErasureLedger(erasureLedger)
    await (await store.open({ erasureLedger })).close()
  }, 120_000)

  test('with database and key store of the backup only a witness knows; nothing is deleted before it has seen the line', async () => {
    const keyDir = join(store.keyDir, 'copied')
    await eraseTwo({ erasureWitness: witness() })
    cut()
    const erasureLedger = ledger()
    // The attack, without the wall: ana is erased again, ben is back.
    const careless = await openCopy({ keyDir, erasureLedger })
    expect(await held('acme', careless)).toBe('ana ERR_SCOPE_BARRED, ben 1')
    const witnessed = { keyDir, erasureLedger, erasureWitness: witness() }
    await expect(openCopy(witnessed)).rejects.toMatchObject({ code: 'ERR_STORE_ROLLED_BACK' })
    // Another line in the place of the one that is gone.
    await finished(store, await careless.eraseSubject(adminOf('ana', 'globex'), { reason: 'request' }))
    expect(await erasureLedger.read()).toHaveLength(2)
    await expect(openCopy(witnessed)).rejects.toMatchObject({ code: 'ERR_STORE_ROLLED_BACK' })

    const down = { name: 'down', add: async () => Promise.reject(new MemkeepError('ERR_STORE_UNAVAILABLE', 'down')) }
    await expect(openCopy({ keyDir, erasureLedger, erasureWitness: down })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
    })
    let isDown = false
    const flaky = {
      name: 'flaky',
      add: (shown: Shown) => (isDown ? down.add() : fileWitness({ path: join(keyDir, 'w') }).add(shown)),
    }
    const keep = await openCopy({ keyDir, erasureLedger, erasureWitness: flaky })
    isDown = true
    const erasure = await keep.eraseSubject(adminOf('ben', 'globex'), { reason: 'request' })
    await expect(erasure.done).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await held('globex', keep)).toBe('ana ERR_SCOPE_BARRED, ben 1')
  }, 120_000)
})
