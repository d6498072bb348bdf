import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openLocal } from '@memkeep/embedded'
import { mintScope, mintTenantScope } from 'memkeep/trust'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
const data = scratch.data('keep')
let proof: string

beforeAll(async () => {
  await memkeep(['tenant', 'create', 'acme', '--data', data])
  await using keep = await openLocal(data)
  const memory = keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'svc', roles: ['agent'] } }))
  await memory.add('window seats', { actor: 'user' })
  await memory.search('seats')
  await keep.sequence()
  const principal = { id: 'auditor', roles: ['admin'] }
  const { audit } = keep.for(mintTenantScope({ tenant: 'acme', principal }))
  const { items } = await audit.list({ actions: ['memory.add'] })
  proof = (await audit.proof(items[0]!.id))!.file
})
afterAll(() => scratch.remove())

test('a bundle is exported, verified offline, and refused after any change, which is named', async () => {
  const bundle = scratch.path('bundle')
  const exported = await memkeep(['audit', 'export', '--tenant', 'acme', '-o', bundle, '--json', '--data', data])
  expect(exported).toMatchObject({ code: 0 })
  const { key, size } = JSON.parse(exported.out) as { key: string; size: number }
  expect(size).toBeGreaterThan(3)
  expect(readFileSync(join(bundle, 'log.vkey'), 'utf8')).toBe(`${key}\n`)
  // Nothing of a deployment is needed: the one of the test is out of the way.
  renameSync(data, `${data}.away`)
  const good = await memkeep(['verify', bundle, '--key', key])
  expect(good).toMatchObject({ code: 0 })
  expect(good.out).toContain(`good: ${size} events of memkeep/log/`)
  const other = `${key.slice(0, -4)}AAA=`
  expect(await memkeep(['verify', bundle, '--key', other])).toMatchObject({ code: 1 })
  const entries = join(bundle, 'tile', 'entries', `000.p`, String(size))
  const bytes = readFileSync(entries)
  writeFileSync(entries, Buffer.from(bytes.toString('latin1').replace('memory.add', 'memory.get'), 'latin1'))
  const bad = await memkeep(['verify', bundle])
  expect(bad).toMatchObject({ code: 1, out: '' })
  expect(bad.err).toContain('tile/entries/000.p/')
  writeFileSync(entries, bytes)
  appendFileSync(join(bundle, 'README.md'), 'trust me\n')
  expect((await memkeep(['verify', bundle])).err).toContain('README.md')
  renameSync(`${data}.away`, data)
})

test('a proof of one event is checked against a key, and refused when the event is another', async () => {
  const file = scratch.path('one.tlog-proof')
  const key = readFileSync(join(scratch.path('bundle'), 'log.vkey'), 'utf8').trimEnd()
  writeFileSync(file, proof)
  const good = await memkeep(['verify', file, '--key', key, '--json'])
  expect(good).toMatchObject({ code: 0 })
  expect(JSON.parse(good.out)).toMatchObject({ leaf: { op: 'memory.add', outcome: 'ok', actorClass: 'principal' } })
  expect(await memkeep(['verify', file])).toMatchObject({ code: 2 })
  const extra = /^extra (.*)$/m.exec(proof)![1]!
  const forged = Buffer.from(Buffer.from(extra, 'base64').toString().replace('"ok"', '"denied"')).toString('base64')
  writeFileSync(file, proof.replace(extra, forged))
  expect(await memkeep(['verify', file, '--key', key])).toMatchObject({ code: 1 })
})

test('what stands there is not written over, and nothing is left of what failed', async () => {
  const taken = scratch.path('taken')
  writeFileSync(taken, 'mine')
  const refused = await memkeep(['audit', 'export', '--tenant', 'acme', '-o', taken, '--data', data])
  expect(refused).toMatchObject({ code: 1 })
  expect(readFileSync(taken, 'utf8')).toBe('mine')
  expect(await memkeep(['verify', scratch.path('none')])).toMatchObject({ code: 1 })
})

test('doctor says when events have waited for their place too long', async () => {
  // A process that was broken off before its pass: its clock was two minutes behind.
  await using keep = await openLocal(data, {
    seams: { clock: { now: () => Date.now() - 120_000 } },
    audit: { mergeDelaySeconds: 3600 },
  })
  await keep.sequence()
  const memory = keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'svc', roles: ['agent'] } }))
  await memory.add('aisle seats', { actor: 'user' })
  const { out } = await memkeep(['doctor', '--ledger', '--json', '--data', data])
  expect(JSON.parse(out).findings.map(({ code }: { code: string }) => code)).toContain('ledger-behind')
})

test('doctor says when an event that waits was dropped from the database', async () => {
  await using keep = await openLocal(data, { audit: { mergeDelaySeconds: 3600 } })
  await keep.sequence()
  const url = await memkeep(['db', 'url', '--role', 'admin', '--data', data])
  const client = new pg.Client({ connectionString: url.out.trim() })
  await client.connect()
  try {
    await client.query(
      `insert into memkeep.pending (tenant, id, class, period) values ('\\x00', gen_random_uuid(), 1, 0)`,
    )
    const { out } = await memkeep(['doctor', '--ledger', '--json', '--data', data])
    expect(JSON.parse(out).findings.map(({ code }: { code: string }) => code)).toContain('ledger-event-gone')
    await client.query(`delete from memkeep.pending where tenant = '\\x00'`)
  } finally {
    await client.end()
  }
})

test('what keeps one log from being signed keeps no auditor from a bundle, and no upkeep from running', async () => {
  await using keep = await openLocal(data, { audit: { mergeDelaySeconds: 3600 } })
  await keep.sequence()
  const client = new pg.Client({
    connectionString: (await memkeep(['db', 'url', '--role', 'admin', '--data', data])).out.trim(),
  })
  await client.connect()
  try {
    // Said to wait, and not there: of somebody else, and then of the tenant itself.
    for (const tenant of [`'\\x00'`, `(select tenant from memkeep.event where action = 'memory.add' limit 1)`]) {
      await client.query(
        `insert into memkeep.pending (tenant, id, class, period) values (${tenant}, '00000000-0000-7000-8000-00000000dead', 1, 0)`,
      )
      const bundle = scratch.path(`despite ${tenant.length}`)
      const exported = await memkeep(['audit', 'export', '--tenant', 'acme', '-o', bundle, '--data', data])
      expect(exported).toMatchObject({ code: 0 })
      expect(exported.err).toContain('not every log could be signed')
      expect(exported.err).toContain('(ERR_STORE_UNSAFE)')
      expect(await memkeep(['verify', bundle])).toMatchObject({ code: 0 })
      expect(await memkeep(['upkeep', '--once', '--data', data])).toMatchObject({ code: 1 })
      const { err, code } = await runsFor(2_000, ['upkeep', '--data', data])
      expect({ code, err }).toEqual({ code: null, err: expect.stringContaining('(ERR_STORE_UNSAFE)') })
      await client.query(`delete from memkeep.pending where id = '00000000-0000-7000-8000-00000000dead'`)
    }
  } finally {
    await client.end()
  }
})

test('the log of the deployment’s own acts, and that of an erased tenant, are exported by the operator', async () => {
  await memkeep(['tenant', 'create', 'leaving', '--data', data])
  const asked = (...of: string[]) => memkeep(['audit', 'export', ...of, '--json', '--data', data])
  const own = await asked('--deployment', '-o', scratch.path('own'))
  expect(own).toMatchObject({ code: 0 })
  const { key } = JSON.parse(own.out) as { key: string }
  expect((await memkeep(['verify', scratch.path('own'), '--key', key])).out).toContain('good: ')
  expect(await asked('--tenant', 'leaving', '--erased', '-o', scratch.path('standing'))).toMatchObject({ code: 1 })
  const before = JSON.parse((await asked('--tenant', 'leaving', '-o', scratch.path('before'))).out) as { key: string }
  const erased = await memkeep([
    'erase',
    '--tenant',
    'leaving',
    '--whole-tenant',
    '--reason',
    'contract-end',
    '--no-wait',
    '--data',
    data,
  ])
  expect(erased).toMatchObject({ code: 0 })
  expect(await asked('--tenant', 'leaving', '-o', scratch.path('no scope'))).toMatchObject({ code: 1 })
  const after = await asked('--tenant', 'leaving', '--erased', '-o', scratch.path('after'))
  expect(JSON.parse(after.out)).toMatchObject({ key: before.key })
  for (const wrong of [['--deployment', '--tenant', 'acme'], ['--deployment', '--erased'], ['--erased'], []])
    expect(await asked(...wrong, '-o', scratch.path('wrong')), wrong.join(' ')).toMatchObject({ code: 2 })
})

/** What it says until it is ended, which is so long after it said something; `code` is null when it still ran then. */
async function runsFor(
  ms: number,
  args: readonly string[],
): Promise<{ readonly err: string; readonly code: number | null }> {
  const bin = fileURLToPath(new URL('../../../memkeep/bin/memkeep.js', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=memkeep-src', bin, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  await once(child.stderr, 'data')
  await sleep(ms)
  const code = child.exitCode
  child.kill('SIGTERM')
  if (code === null) await once(child, 'exit')
  return { err, code }
}
