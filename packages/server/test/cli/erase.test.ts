import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLocal } from '@memkeep/embedded'
import type { Connector } from 'memkeep'
import { mintScope } from 'memkeep/trust'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
const data = scratch.data('keep')
const on = (...args: string[]) => memkeep([...args, '--data', data])
const talk = join(data, '..', 'talk.jsonl')

beforeAll(async () => {
  expect(await on('tenant', 'create', 'acme', '--json')).toMatchObject({ code: 0 })
  writeFileSync(talk, '{"role": "user", "content": "I grow black tomatoes."}\n')
  for (const subject of ['maja', 'ben']) {
    expect(await on('import', talk, '--tenant', 'acme', '--subject', subject)).toMatchObject({ code: 0 })
  }
})
afterAll(() => scratch.remove())

test('whom and why are always said', async () => {
  const base = ['erase', '--tenant', 'acme']
  for (const wrong of [
    [...base, '--reason', 'test'],
    [...base, '--reason', 'test', '--subject', 'maja', '--whole-tenant'],
    [...base, '--subject', 'maja'],
    [...base, '--subject', 'maja', '--reason', 'whim'],
    [...base, '--whole-tenant', '--reason', 'test', '--reopen'],
  ]) {
    expect(await on(...wrong), wrong.join(' ')).toMatchObject({ code: 2 })
  }
  expect(await on('erasure', 'show', 'nonsense')).toMatchObject({ code: 1, err: expect.stringContaining('no such') })
}, 120_000)

test('exported, then erased; shown step by step; nothing but what was exported is left to find', async () => {
  const file = join(data, '..', 'maja.jsonl')
  const order = ['erase', '--tenant', 'acme', '--subject', 'maja', '--reason', 'request', '--export', file]
  const erased = await on(...order, '--no-wait', '--json')
  expect(erased).toMatchObject({ code: 0 })
  const { id } = JSON.parse(erased.out) as { id: string }
  expect(existsSync(file)).toBe(true)
  expect(readFileSync(file, 'utf8')).toMatch(/black tomatoes[\s\S]*"type":"counts"/)
  expect(await on('search', 'tomatoes', '--tenant', 'acme', '--subject', 'maja')).toMatchObject({ code: 1 })
  expect((await on('search', 'tomatoes', '--tenant', 'acme', '--subject', 'ben')).out).toContain('black tomatoes')
  const shown = JSON.parse((await on('erasure', 'show', id, '--json')).out) as {
    state: string
    steps: { step: string }[]
  }
  expect(shown.state).toBe('open')
  expect(shown.steps.map(({ step }) => step)).toEqual([
    'authorise',
    'enumerate',
    'bar',
    'invalidate',
    'delete',
    'derive',
  ])
  expect(await on('erasure', 'resume', id, '--no-wait')).toMatchObject({ code: 0, out: expect.stringContaining(id) })
}, 240_000)

test('an export that cannot be written erases nothing', async () => {
  const order = ['erase', '--tenant', 'acme', '--subject', 'ben', '--reason', 'request', '--export', '/nowhere/at/all']
  expect(await on(...order, '--no-wait')).toMatchObject({ code: 1 })
  expect((await on('search', 'tomatoes', '--tenant', 'acme', '--subject', 'ben')).out).toContain('black tomatoes')
}, 120_000)

test('an export that breaks off half way erases nothing, and leaves no file that looks whole', async () => {
  const more = join(data, '..', 'more.jsonl')
  writeFileSync(more, '{"role": "user", "content": "I water them at dusk."}\n')
  expect(await on('import', more, '--tenant', 'acme', '--subject', 'ben')).toMatchObject({ code: 0 })
  const client = new pg.Client({ connectionString: (await on('db', 'url', '--role', 'admin')).out.trim() })
  await client.connect()
  // The last of his, behind one that is exported before it, opens no more.
  const flip = `update memkeep.memory set content = set_byte(content, length(content) - 1, get_byte(content, length(content) - 1) # 1)
    where id = (select id from memkeep.memory order by id desc limit 1)`
  await client.query(flip)
  const before = readdirSync(join(data, '..')).sort()
  const file = join(data, '..', 'ben.jsonl')
  const order = ['erase', '--tenant', 'acme', '--subject', 'ben', '--reason', 'request', '--export', file]
  expect(await on(...order, '--no-wait')).toMatchObject({ code: 1, err: expect.stringContaining('ERR_SEAL_BROKEN') })
  expect(readdirSync(join(data, '..')).sort()).toEqual(before)
  const asked = await client.query("select 1 from memkeep.event where action = 'erasure.requested'")
  expect(asked.rowCount, 'only that of the test before').toBe(1)
  await client.query(flip)
  await client.end()
  expect((await on('search', 'tomatoes', '--tenant', 'acme', '--subject', 'ben')).out).toContain('black tomatoes')
}, 120_000)

test('a disclosure budget that ends an export erases nothing and leaves no file; one that exempts exports lets both through', async () => {
  const turns = ['one', 'two', 'three'].map((word) => `{"role": "user", "content": "number ${word}"}\n`).join('')
  const file = join(data, '..', 'cleo.jsonl')
  writeFileSync(talk, turns)
  const whom = ['--tenant', 'acme', '--subject', 'cleo']
  expect(await on('import', talk, ...whom)).toMatchObject({ code: 0 })
  const budget = (...more: string[]) =>
    on('tenant', 'disclosure', 'acme', '--memories', '2', '--per-seconds', '3600', ...more)
  expect(await budget()).toMatchObject({ code: 0 })
  const before = readdirSync(join(data, '..')).sort()
  const order = ['erase', ...whom, '--reason', 'request', '--export', file, '--no-wait']
  expect(await on(...order)).toMatchObject({ code: 1, err: expect.stringContaining('ERR_RATE_LIMITED') })
  expect(readdirSync(join(data, '..')).sort()).toEqual(before)
  expect(await budget('--except', 'export')).toMatchObject({ code: 0 })
  // Nothing was erased: all of it is exported now.
  expect(await on(...order)).toMatchObject({ code: 0 })
  const records = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(JSON.parse(records.at(-1)!)).toMatchObject({ type: 'counts', memories: 3 })
  expect(await on('tenant', 'disclosure', 'acme', '--none')).toMatchObject({ code: 0 })
  expect(await on('search', 'number', ...whom)).toMatchObject({
    code: 1,
    err: expect.stringContaining('ERR_SCOPE_BARRED'),
  })
}, 300_000)

test('doctor names an erasure that somebody wrote into the database, and says how to remove it', async () => {
  const findings = async () => {
    const { code, out } = await on('doctor', '--erasures', '--json')
    expect(code).toBe(0)
    const { findings: all } = JSON.parse(out) as { findings: { on: string; code: string; remedy: string }[] }
    return all.filter(({ on: what, code: found }) => what === 'erasures' && found !== 'erasure-open')
  }
  expect(await findings()).toEqual([])
  const client = new pg.Client({ connectionString: (await on('db', 'url', '--role', 'admin')).out.trim() })
  await client.connect()
  try {
    const id = '00000000-0000-7000-8000-00000000000a'
    await client.query(
      `insert into memkeep.erasure (tenant, id, kind, subject, epoch, state, after, reason, asked_by, principal, scope_commit, requested_ms, until_ms, held_until_ms)
       select tenant, $1, 0, subject, epoch, 0, 0, 0, 0, subject, subject, 1, 1, 0 from memkeep.shelf where state = 0 limit 1`,
      [id],
    )
    const [found, ...others] = await findings()
    expect(others).toEqual([])
    expect(found).toMatchObject({ code: 'erasure-refused', message: expect.stringContaining(id), fatal: false })
    for (const statement of found!.remedy.match(/delete from [^;]+;/g)!) await client.query(statement)
    expect(await findings()).toEqual([])
  } finally {
    await client.end()
  }
}, 300_000)

test('keys rotated and rows sealed anew; what was found before is found after', async () => {
  const rotated = await on('keys', 'rotate', '--json')
  expect(rotated).toMatchObject({ code: 0 })
  expect((JSON.parse(rotated.out) as { roots: string[] }).roots).toHaveLength(1)
  const tenants = await on('keys', 'rotate', '--tenant', 'acme')
  expect(tenants).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+ subjects? of acme /) })
  const report = JSON.parse((await on('keys', 'reseal', '--tenant', 'acme', '--json')).out) as { resealed: number }
  expect(report).toMatchObject({ left: 0, broken: [] })
  expect(report.resealed).toBeGreaterThan(0)
  expect(await on('keys', 'reseal', '--tenant', 'acme')).toMatchObject({ out: expect.stringMatching(/^0 rows/) })
  expect((await on('search', 'tomatoes', '--tenant', 'acme', '--subject', 'ben')).out).toContain('black tomatoes')
  expect(await on('keys', 'rotate', '--tenant', 'nobody')).toMatchObject({ code: 1 })
  expect(await on('keys', 'reseal')).toMatchObject({ code: 2 })
}, 120_000)

test('one that the application began, whose outside store this command does not know, is not ended by it: it says which', async () => {
  const held = [{ tenant: 'acme', subject: 'dora' }]
  const count: Connector['verify'] = async ({ tenant, subject }) =>
    held.filter((item) => item.tenant === tenant && (subject === null || item.subject === subject)).length
  const erase: Connector['erase'] = async () => {
    throw new Error('not there')
  }
  const crm: Connector = { name: 'crm', patience: { retries: 0 }, inventory: count, verify: count, erase }
  const id = await (async () => {
    await using keep = await openLocal(data, { connectors: [crm], acceptOldServer: true })
    const scope = (role: string) =>
      mintScope({ tenant: 'acme', subject: 'dora', principal: { id: role, roles: [role] } })
    await keep.for(scope('agent')).add('said', { actor: 'user' })
    const erasure = await keep.eraseSubject(scope('admin'), { reason: 'request' })
    await expect(erasure.done).rejects.toThrow('crm cannot be emptied now')
    return erasure.id
  })()
  expect(await on('erasure', 'resume', id)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/connector\.crm not known here: a process that was opened with the connectors/),
  })
  const { state, report } = JSON.parse((await on('erasure', 'show', id, '--json')).out) as Record<string, unknown>
  expect({ state, report }).toEqual({ state: 'open', report: null })

  // Found without the id.
  const { erasures } = JSON.parse((await on('erasure', 'list', '--json')).out) as { erasures: { id: string }[] }
  const why = expect.stringContaining('crm cannot be emptied now')
  expect(erasures.find((open) => open.id === id)).toMatchObject({
    kind: 'subject',
    tenant: 'acme',
    step: 'derive',
    why,
  })
  const line = new RegExp(`^${id}  subject  tenant acme  .*  derive: .*crm cannot be emptied now$`, 'm')
  expect((await on('erasure', 'list')).out).toMatch(line)
  expect((await on('doctor', '--erasures')).out).toMatch(new RegExp(`erasure-open\n +${id}  subject`))

  // Told of it, the command plans it by itself.
  const order = ['erase', '--tenant', 'acme', '--subject', 'emma', '--reason', 'request', '--data', data]
  expect(await memkeep(order, { env: { MEMKEEP_CONNECTORS_ELSEWHERE: 'search, crm' } })).toMatchObject({
    code: 1,
    err: expect.stringContaining('connector.search, connector.crm not known here'),
  })
}, 120_000)
