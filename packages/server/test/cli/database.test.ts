import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memkeep, scratchDirectory, stackTrace } from './deployment.ts'

const scratch = scratchDirectory()
const data = scratch.data('keep')
const on = (...args: string[]) => memkeep([...args, '--data', data])
const search = (dir: string) => memkeep(['search', 'window', '--tenant', 'acme', '--subject', 'ana', '--data', dir])

beforeAll(async () => {
  await on('tenant', 'create', 'acme')
  const input = JSON.stringify({ content: 'window seats', actor: 'user' })
  await memkeep(['import', '-', '--tenant', 'acme', '--subject', 'ana', '--data', data], { input })
})
afterAll(() => scratch.remove())

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe('db url', () => {
  test.each([
    ['app', 'memkeep_app'],
    ['upkeep', 'memkeep_upkeep'],
    ['admin', 'memkeep_admin'],
  ])('%s: one line that pg connects with', async (role, user) => {
    const { code, out, err } = await on('db', 'url', '--role', role)
    expect(code).toBe(0)
    expect(out).toMatch(/^postgresql:\/\/\S+\n$/)
    expect(err).toContain('--hold')
    expect(await ask(out.trim(), 'select session_user::text as who, current_database()::text as what')).toEqual([
      { who: user, what: 'memkeep' },
    ])
  })

  test('--hold keeps the server up until it is asked to end', async () => {
    const bin = fileURLToPath(new URL('../../../memkeep/bin/memkeep.js', import.meta.url))
    const args = ['--conditions=memkeep-src', bin, 'db', 'url', '--role', 'app', '--hold', '--data', data]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    await sleep(7_000)
    expect(child.exitCode).toBe(null)
    expect(await ask(line.trim(), 'select 1 as one')).toEqual([{ one: 1 }])
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('with a server of your own it prints what the environment says', async () => {
    const env = { MEMKEEP_DATABASE_URL: 'postgres://app@db/x', MEMKEEP_KEYS: scratch.path('keys') }
    expect(await memkeep(['db', 'url', '--role', 'app'], { env })).toMatchObject({
      code: 0,
      out: 'postgres://app@db/x\n',
    })
    expect((await memkeep(['db', 'url', '--role', 'admin'], { env })).err).toContain(
      'MEMKEEP_ADMIN_DATABASE_URL is not set',
    )
    expect((await memkeep(['db', 'backup', scratch.path('b')], { env })).err).toContain('(ERR_INPUT_INVALID)')
    const { MEMKEEP_DATABASE_URL } = env
    expect((await memkeep(['tenant', 'list'], { env: { MEMKEEP_DATABASE_URL } })).err).toContain('MEMKEEP_KEYS')
  })
})

describe('db backup and restore', () => {
  test('what was stored is there again, with the keys and not without them', async () => {
    const backup = scratch.path('backup')
    const { code, out, err } = await on('db', 'backup', backup)
    expect({ code, out }).toEqual({ code: 0, out: `backed up to ${backup}\n` })
    expect(err).toContain('the keys are not in it')
    const rootKey = readFileSync(join(data, 'keys', 'root.key'))
    const files = readdirSync(backup, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.length).toBeGreaterThan(500)
    const sealedAway = [rootKey.subarray(-65, -1), Buffer.from('window seats')]
    for (const entry of files) {
      const bytes = readFileSync(join(entry.parentPath, entry.name))
      expect(
        sealedAway.some((secret) => bytes.includes(secret)),
        entry.name,
      ).toBe(false)
    }

    const restored = scratch.data('restored')
    expect(await memkeep(['db', 'restore', backup, '--data', restored])).toMatchObject({ code: 0 })
    // Nothing makes keys where the old ones belong, nor takes it for a fresh deployment.
    for (const args of [['tenant', 'list'], ['tenant', 'create', 'acme'], ['serve', '--port', '0'], ['migrate']]) {
      const { code, out, err } = await memkeep([...args, '--data', restored])
      expect({ args, code, out }).toEqual({ args, code: 1, out: '' })
      expect(err).toContain('(ERR_KEY_UNAVAILABLE)')
      expect(err).toContain(`put them back`)
    }
    expect(existsSync(join(restored, 'keys'))).toBe(false)
    expect((await memkeep(['doctor', '--data', restored])).out).toContain('keys-absent')
    execFileSync('cp', ['-a', join(data, 'keys'), restored])
    expect((await search(restored)).out).toContain('window seats')
    expect((await search(data)).out).toContain('window seats')
  })

  test('a deployment whose keys were moved away makes no new ones, and one that never had any does', async () => {
    const [dir, keys] = [scratch.data('moved'), join(scratch.path('moved'), 'keys')]
    expect(await memkeep(['tenant', 'create', 'acme', '--data', dir])).toMatchObject({ code: 0 })
    renameSync(keys, `${keys}-away`)
    const refused = await memkeep(['tenant', 'list', '--data', dir])
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('(ERR_KEY_UNAVAILABLE)') })
    expect(existsSync(keys)).toBe(false)
    renameSync(`${keys}-away`, keys)
    expect((await memkeep(['tenant', 'list', '--data', dir])).out).toContain('acme')
    // Without a database there is nothing that depends on keys.
    const fresh = scratch.data('noted')
    mkdirSync(fresh, { mode: 0o700 })
    copyFileSync(join(dir, 'has-keys'), join(fresh, 'has-keys'))
    expect(await memkeep(['tenant', 'create', 'anew', '--data', fresh])).toMatchObject({ code: 0 })
  })

  test('nothing is overwritten, and nothing goes beside the keys', async () => {
    const backup = scratch.path('another')
    expect(await on('db', 'backup', backup)).toMatchObject({ code: 0 })
    for (const target of [backup, data, join(data, 'keys', 'backup'), join(data, 'keys'), join(data, 'db', 'backup')]) {
      const { code, err } = await on('db', 'backup', target)
      expect({ target, code }).toEqual({ target, code: 1 })
      expect(err).toContain('(ERR_INPUT_INVALID)')
      expect(err).not.toContain('stopping the server')
    }
    for (const from of [backup, data, scratch.path('absent')]) {
      expect((await on('db', 'restore', from)).err).toContain('(ERR_INPUT_INVALID)')
    }
    expect((await search(data)).out).toContain('window seats')
  })
})

describe('doctor', () => {
  interface Found {
    readonly on: string
    readonly code: string
    readonly fatal: boolean
    readonly message: string
    readonly meaning: string
    readonly remedy: string
  }
  const findings = async (): Promise<{ code: number | null; found: Found[] }> => {
    const { code, out, err } = await on('doctor', '--json')
    expect(err).not.toMatch(stackTrace)
    return { code, found: (JSON.parse(out) as { findings: Found[] }).findings }
  }
  const fatal = async (): Promise<string[]> => {
    const { code, found } = await findings()
    const codes = found.filter((each) => each.fatal).map((each) => `${each.on} ${each.code}`)
    expect(code).toBe(codes.length === 0 ? 0 : 1)
    return codes
  }

  test('a sound deployment has nothing fatal, and notes with words for each', async () => {
    const { code, found } = await findings()
    expect(code).toBe(0)
    expect(found.filter((each) => each.fatal)).toEqual([])
    expect(found.map((each) => each.code)).toContain('engine-same-user')
    for (const each of found)
      expect([each.message, each.meaning, each.remedy].every((text) => text.length > 5)).toBe(true)
    const { out } = await on('doctor')
    expect(out).toMatch(/^nothing fatal, \d+ to note$/m)
  })

  test('what is wrong with the logins is found, on the login that has it', async () => {
    const admin = (await on('db', 'url', '--role', 'admin')).out.trim()
    await ask(admin, 'alter role memkeep_app createdb')
    await ask(admin, 'grant select on memkeep.memory to memkeep_upkeep')
    expect(await fatal()).toEqual([
      'memkeep_app login-createdb',
      'memkeep_upkeep table-privilege',
      'memkeep_upkeep stray-grant',
    ])
    await ask(admin, 'alter role memkeep_app nocreatedb')
    await ask(admin, 'revoke select on memkeep.memory from memkeep_upkeep')
    await ask(admin, 'alter role memkeep_upkeep nologin')
    expect(await fatal()).toEqual(['memkeep_upkeep login-refused'])
    await ask(admin, 'alter role memkeep_upkeep login')
    expect(await fatal()).toEqual([])
  })

  test('what is wrong with the keys is found', async () => {
    const keys = join(data, 'keys')
    const modes = [
      [join(keys, 'root.key'), 0o640, 'keys keys-open'],
      [join(keys, 'store'), 0o750, 'keys keys-open'],
      [keys, 0o777, 'keys keys-open'],
    ] as const
    for (const [path, mode, code] of modes) {
      const before = statSync(path).mode
      chmodSync(path, mode)
      expect(await fatal()).toEqual([code])
      chmodSync(path, before)
    }
    renameSync(join(keys, 'root.key'), join(keys, 'aside'))
    expect(await fatal()).toEqual(['keys root-key-missing'])
    renameSync(join(keys, 'aside'), join(keys, 'root.key'))
    renameSync(join(keys, 'store'), join(keys, 'aside'))
    expect(await fatal()).toEqual(['keys key-store-empty'])
    renameSync(join(keys, 'aside'), join(keys, 'store'))
    renameSync(keys, join(data, 'db', 'keys'))
    expect(await fatal()).toEqual(['keys keys-absent'])
    symlinkSync(join(data, 'db', 'keys'), keys)
    expect(await fatal()).toEqual(['keys keys-under-data'])
    rmSync(keys)
    renameSync(join(data, 'db', 'keys'), keys)
    expect(await fatal()).toEqual([])
  })

  test.each([
    ['generation/1', 'fatal'],
    ['deployment/tag', 'fatal'],
    ['deployment/token', 'fatal'],
    ['guard/head', 'fatal'],
    ['tenant', 'note'],
  ])('a damaged record of the key store is named: %s', async (record, weight) => {
    const store = join(data, 'keys', 'store')
    const name = record === 'tenant' ? join('tenant', readdirSync(join(store, 'tenant'))[0]!, 'tag') : record
    const path = join(store, `${name}.json`)
    const whole = readFileSync(path)
    writeFileSync(path, 'garbage')
    try {
      const { code, found } = await findings()
      const told = found.filter((each) => each.on === 'keys')
      expect([code, told.map((each) => each.code)]).toEqual(
        weight === 'fatal' ? [1, ['key-store-damaged']] : [0, ['tenant-keys-damaged']],
      )
      expect(told[0]!.message).toContain(`${name} (ERR_SEAL_BROKEN)`)
      expect(told[0]!.remedy).toMatch(/backup of the key store/)
      expect(told[0]!.meaning).not.toContain('no words')
    } finally {
      writeFileSync(path, whole)
    }
    expect(await fatal()).toEqual([])
  })

  test('another root key in the place of the one that wrapped the keys is found', async () => {
    const root = join(data, 'keys', 'root.key')
    const whole = readFileSync(root)
    writeFileSync(root, `memkeep root key 1\n${'ab'.repeat(32)}\n`)
    expect(await fatal()).toEqual(['keys key-store-damaged'])
    writeFileSync(root, whole)
    expect(await fatal()).toEqual([])
  })

  test.each([
    ['19', /made by PostgreSQL 19/, /version of Memkeep that made it/],
    ['18', /server\.log|belongs to root/, /server\.log/],
  ])('an engine that does not start is one finding of several: data of PostgreSQL %s', async (version, what, todo) => {
    const dir = scratch.data(`data-of-${version}`)
    mkdirSync(join(dir, 'db', 'data'), { recursive: true, mode: 0o700 })
    writeFileSync(join(dir, 'db', 'data', 'PG_VERSION'), `${version}\n`)
    const { code, out, err } = await memkeep(['doctor', '--json', '--data', dir])
    expect([code, err]).toEqual([1, ''])
    const { findings } = JSON.parse(out) as { findings: Found[] }
    const refused = findings.find((each) => each.code === 'engine-refused')
    expect(refused).toMatchObject({ on: 'engine', fatal: true })
    expect(refused?.message).toMatch(what)
    expect(refused?.remedy).toMatch(todo)
    expect(refused?.meaning).not.toContain('no words')
    expect(findings.map((each) => each.code)).toEqual(['keys-absent', 'engine-refused', 'engine-same-user'])
    expect((await memkeep(['doctor', '--data', dir])).out).toMatch(/^FATAL {2}engine: engine-refused$/m)
  })

  test('every code of the kernel has a meaning', async () => {
    const source = ['facts', 'walls']
      .map((part) => readFileSync(new URL(`../../../memkeep/src/store/judge-${part}.ts`, import.meta.url), 'utf8'))
      .join('\n')
    const codes = [...source.matchAll(/\b(?:fatal|note|refuse)\(\s*'([a-z-]+)'/g)].map(([, code]) => code!)
    const attributes = [...source.matchAll(/^ {2}(\w+): '(?:is|may) /gm)].map(([, name]) => `login-${name}`)
    expect(codes.length).toBeGreaterThan(20)
    expect(attributes).toHaveLength(5)
    const { meaningOf } = await import('../../src/cli/meanings.ts')
    expect([...codes, ...attributes].filter((code) => meaningOf(code).includes('no words'))).toEqual([])
  })
})

test('upkeep --once removes what has expired and says so; without it, it runs until it is asked to end', async () => {
  expect((await on('upkeep', '--once')).out).toMatch(
    /^20\S+Z {2}expired 0, swept \d+, distilled \d+, embedded 0, erased 0, logged \d+\n$/,
  )
  const bin = fileURLToPath(new URL('../../../memkeep/bin/memkeep.js', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=memkeep-src', bin, 'upkeep', '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  expect(line).toContain('expired')
  await sleep(500)
  expect(child.exitCode).toBe(null)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('migrate makes an embedded deployment, and a damaged one is told in a code', async () => {
  const fresh = scratch.data('fresh')
  expect(await memkeep(['migrate', '--data', fresh])).toMatchObject({ code: 0 })
  expect(existsSync(join(fresh, 'keys', 'root.key'))).toBe(true)
  mkdirSync(scratch.path('odd/db/data'), { recursive: true, mode: 0o700 })
  const { code, err } = await memkeep(['tenant', 'list', '--data', scratch.path('odd')])
  expect(code).toBe(1)
  expect(err).toContain('(ERR_STORE_UNAVAILABLE)')
  expect(err).not.toMatch(stackTrace)
})
