import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { securityMinors, serverAge } from '../../../memkeep/src/store/server-version.ts'
import { type PrivateServer, privateServer, run } from '../../../memkeep/test/store/private-server.ts'
import { scratchDirectory, stackTrace } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
let server: PrivateServer
let database: pg.ClientConfig
/** A server's own administrator without superuser rights, as a hosted PostgreSQL gives. */
const boss = { user: 'boss', password: randomBytes(9).toString('hex') }
beforeAll(async () => {
  server = await privateServer()
  await run(
    server.admin,
    `create role boss login createrole password '${boss.password}'`,
    'create database owned owner boss',
  )
  database = { ...server.admin, database: 'owned' }
})
afterAll(async () => {
  await server?.stop()
  await scratch.remove()
})

const url = (user: string, password: string) =>
  `postgres://${user}:${encodeURIComponent(password)}@${encodeURIComponent(String(server.admin.host))}:${server.admin.port}/owned`

const secrets = { app: 'of/the@app:%', upkeep: 'of the upkeep' }
const environment = () => ({
  MEMKEEP_ACCEPT_OLD_SERVER: '1',
  MEMKEEP_KEYS: scratch.path('keys'),
  MEMKEEP_ADMIN_DATABASE_URL: url(boss.user, boss.password),
  MEMKEEP_DATABASE_URL: url('memkeep_app', secrets.app),
  MEMKEEP_UPKEEP_DATABASE_URL: url('memkeep_upkeep', secrets.upkeep),
})
const tokenKeys = () => run<{ n: number }>(database, 'select count(*)::integer as n from memkeep.token_key')

/** Whether the server under test lacks the newest security fixes. */
async function isOld(): Promise<boolean> {
  const [row] = await run<{ version: number }>(
    server.admin,
    "select current_setting('server_version_num')::integer as version",
  )
  return serverAge(row!.version, securityMinors()) === 'old'
}

test('on a server of your own: refused without the schema, installed, serves without any upkeep, and up to date', async () => {
  const env = environment()
  const before = await memkeep(['tenant', 'create', 'acme'], { env })
  expect(before.code).toBe(1)
  const { MEMKEEP_ADMIN_DATABASE_URL, MEMKEEP_KEYS } = env
  const { MEMKEEP_DATABASE_URL: appUrl } = env
  expect((await memkeep(['migrate'], { env: { MEMKEEP_ADMIN_DATABASE_URL } })).err).toContain('MEMKEEP_KEYS')
  expect((await memkeep(['migrate'], { env: { MEMKEEP_DATABASE_URL: appUrl, MEMKEEP_KEYS } })).err).toContain(
    'MEMKEEP_ADMIN_DATABASE_URL is not set',
  )

  const installed = await memkeep(['migrate', '--set-passwords'], { env })
  expect(installed).toMatchObject({ code: 0, out: expect.stringContaining('the schema was installed') })
  expect(await tokenKeys()).toEqual([{ n: 25 }])
  // The administrator has lent himself nothing for good.
  const members = await run(
    database,
    "select from pg_auth_members m where m.member = 'boss'::regrole and m.roleid = 'memkeep_upkeep'::regrole and coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)",
  )
  expect(members).toHaveLength(0)

  const { MEMKEEP_UPKEEP_DATABASE_URL: _, ...appOnly } = env
  const strict = await memkeep(['tenant', 'list'], { env: { ...env, MEMKEEP_ACCEPT_OLD_SERVER: '0' } })
  if (await isOld()) expect(strict).toMatchObject({ code: 1, err: expect.stringContaining('server-old') })
  else expect(strict.code).toBe(0)
  expect(await memkeep(['tenant', 'create', 'acme', '--json'], { env: appOnly })).toMatchObject({
    code: 0,
    out: '{"tenant":"acme"}\n',
  })
  expect(await memkeep(['migrate'], { env: { MEMKEEP_ADMIN_DATABASE_URL, MEMKEEP_KEYS } })).toMatchObject({
    code: 0,
    out: expect.stringContaining('the schema was up to date'),
  })
  // Passwords were not told this time, so they stay.
  expect(await memkeep(['tenant', 'list'], { env })).toMatchObject({ code: 0, out: expect.stringContaining('acme') })
  expect(await memkeep(['doctor'], { env })).toMatchObject({ code: 0, out: expect.stringContaining('nothing fatal') })
  const report = JSON.parse((await memkeep(['doctor', '--json'], { env })).out) as {
    findings: { code: string; fatal: boolean }[]
  }
  expect(report.findings.filter(({ fatal }) => fatal)).toEqual([])
  // Your own server has no place for the erasure ledger by itself.
  expect(report.findings.map(({ code }) => code)).toContain('erasure-ledger-none')
  const told = { ...env, MEMKEEP_ERASURES: scratch.path('erasures') }
  expect((await memkeep(['doctor'], { env: told })).out).not.toContain('erasure-ledger-none')
})

test('only migrate makes keys: a wrong MEMKEEP_KEYS is told, not filled', async () => {
  const env = { ...environment(), MEMKEEP_KEYS: scratch.path('no-keys') }
  for (const args of [
    ['tenant', 'list'],
    ['tenant', 'create', 'x'],
    ['upkeep', '--once'],
    ['serve', '--port', '0'],
  ]) {
    const { code, err } = await memkeep(args, { env })
    expect({ args, code }).toEqual({ args, code: 1 })
    expect(err).toContain('(ERR_KEY_UNAVAILABLE)')
  }
  expect(existsSync(scratch.path('no-keys'))).toBe(false)
})

test("another KeyStore's token keys are refused, not mixed in", async () => {
  const { code, err } = await memkeep(['migrate'], {
    env: { ...environment(), MEMKEEP_KEYS: scratch.path('other-keys') },
  })
  expect(code).toBe(1)
  expect(err).toContain('(ERR_STORE_UNSAFE)')
  expect(await tokenKeys()).toEqual([{ n: 25 }])
})

test('addresses that are none, or lead nowhere, or leave the machine without TLS: a code and no password', async () => {
  const bad = [
    'not a url',
    'postgres://',
    'http://[',
    'postgres://boss:hunter2@127.0.0.1:1/owned',
    'postgres://boss:hunter2@db.example/owned',
    `${environment().MEMKEEP_ADMIN_DATABASE_URL}x`,
    environment().MEMKEEP_ADMIN_DATABASE_URL.replace(boss.password, 'hunter2'),
  ]
  for (const address of bad) {
    for (const args of [['migrate'], ['doctor'], ['tenant', 'list']]) {
      const env = { ...environment(), MEMKEEP_ADMIN_DATABASE_URL: address, MEMKEEP_DATABASE_URL: address }
      const { code, out, err } = await memkeep(args, { env })
      expect({ address, args, code }).toEqual({ address, args, code: 1 })
      expect(out + err).not.toMatch(stackTrace)
      expect(out + err).not.toContain('hunter2')
      expect(out + err).not.toContain(boss.password)
    }
  }
  expect(
    (
      await memkeep(['migrate', '--set-passwords'], {
        env: { ...environment(), MEMKEEP_DATABASE_URL: 'postgres://memkeep_app@db/x' },
      })
    ).err,
  ).toContain('(ERR_INPUT_INVALID)')
}, 240_000)
