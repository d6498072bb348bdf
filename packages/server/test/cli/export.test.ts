import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { openLocal } from '@memkeep/embedded'
import { mintCommonScope, mintScope } from 'memkeep/trust'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratchDirectory, stackTrace } from './deployment.ts'
import { violations } from './json-schema.ts'
import { mainHere as memkeep } from './main-here.ts'

const schema = JSON.parse(readFileSync(new URL('../../src/cli/export.schema.json', import.meta.url), 'utf8')) as Record<
  string,
  unknown
>
const scratch = scratchDirectory()
const data = scratch.data('keep')
const exporting = (...args: string[]) => memkeep(['export', '--tenant', 'acme', ...args, '--data', data])

/** Ana: an updated, a derived, an expiring and a sensitive memory, and a turn; Bruno: one; the tenant as a whole: one. Made of Ana's: one for her, one for all. */
beforeAll(async () => {
  await memkeep(['tenant', 'create', 'acme', '--data', data])
  await using keep = await openLocal(data)
  const principal = { id: 'svc', roles: ['admin'] }
  const ana = keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal, agent: 'bot' }))
  const { id } = await ana.add('first', { actor: 'user', tags: ['a'], metadata: { n: 1 }, source: 'a form' })
  await ana.update(id, { content: 'second' }, { actor: 'user' })
  await ana.add('derived', { actor: 'agent', derivedFrom: [id], expiresAt: new Date(Date.now() + 86_400_000) })
  await ana.add('sensitive', { actor: 'user', sensitivity: 'sensitive' })
  await ana.addMessages([{ role: 'user', content: 'a turn', name: 'Ana' }], { session: 's' })
  await keep.for(mintScope({ tenant: 'acme', subject: 'bruno', principal })).add('of Bruno', { actor: 'user' })
  await keep.for(mintCommonScope({ tenant: 'acme', principal })).add('of all', { actor: 'user' })
  const { artifacts } = keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal }))
  const made = { kind: 'summary', derivedFrom: [id] }
  await artifacts.register({ ...made, content: 'made for Ana', sensitivity: 'sensitive', metadata: { n: 2 } })
  await artifacts.register({ ...made, content: 'made for all', shared: true })
})
afterAll(() => scratch.remove())

const records = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const contents = (found: Record<string, unknown>[]) =>
  found
    .map(({ content }) => content)
    .filter((each) => each !== undefined)
    .sort()

test('one subject: every version, sensitive ones too, nobody else, counts last; every line follows the schema', async () => {
  const { code, out } = await exporting('--subject', 'ana')
  expect(code).toBe(0)
  const found = records(out)
  expect(found.flatMap((record) => violations(schema, record))).toEqual([])
  expect(contents(found)).toEqual(['a turn', 'derived', 'first', 'made for Ana', 'second', 'sensitive'])
  expect(found.at(-2)).toMatchObject({
    type: 'artifact',
    kind: 'summary',
    metadata: { n: 2 },
    shared: false,
    covered: true,
  })
  expect(found.at(-1)).toEqual({ type: 'counts', memories: 4, versions: 1, artifacts: 1 })
})

test('the whole tenant: every subject by name, and what belongs to all', async () => {
  const found = records((await exporting('--whole-tenant')).out)
  expect(found.flatMap((record) => violations(schema, record))).toEqual([])
  expect(contents(found)).toEqual(
    ['a turn', 'derived', 'first', 'made for Ana', 'made for all', 'of Bruno', 'of all', 'second', 'sensitive'].sort(),
  )
  const owners = found.filter(({ type }) => type === 'artifact').map(({ content, subject }) => [content, subject])
  expect(owners.sort()).toEqual(
    [
      ['made for Ana', 'ana'],
      ['made for all', null],
    ].sort(),
  )
  expect(new Set(found.map(({ subject }) => subject))).toEqual(new Set(['ana', 'bruno', null, undefined]))
  expect(found.at(-1)).toEqual({ type: 'counts', memories: 6, versions: 1, artifacts: 2 })
})

test('the schema refuses what is not of it', async () => {
  const [memory] = records((await exporting('--subject', 'ana')).out)
  const wrong: Record<string, unknown>[] = [
    { ...memory, id: 'x' },
    { ...memory, more: 1 },
    { ...memory, at: '2025-01-01' },
    { ...memory, actor: 'admin' },
    { ...memory, version: 0 },
    { ...memory, tags: [1] },
    { ...memory, type: 'counts' },
    Object.fromEntries(Object.entries(memory!).filter(([name]) => name !== 'source')),
    { type: 'counts', memories: -1, versions: 0 },
    {},
  ]
  expect(wrong.filter((record) => violations(schema, record).length === 0)).toEqual([])
})

test('nothing held is said, and an unknown tenant is refused', async () => {
  expect(records((await exporting('--subject', 'nobody')).out)).toEqual([{ type: 'counts', memories: 0, versions: 0 }])
  const { code, out, err } = await memkeep(['export', '--tenant', 'nobody', '--whole-tenant', '--data', data])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('(ERR_TENANT_UNKNOWN)')
})

test('a file is put in place whole, for its owner alone; one that cannot be is refused', async () => {
  const file = scratch.path('export.jsonl')
  writeFileSync(file, 'from before')
  chmodSync(file, 0o644)
  expect(await exporting('--subject', 'ana', '-o', file)).toMatchObject({ code: 0, out: '' })
  expect(records(readFileSync(file, 'utf8')).at(-1)).toMatchObject({ type: 'counts' })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  // A tenant that is not there: what stood under the name stays.
  const before = readFileSync(file, 'utf8')
  expect((await memkeep(['export', '--tenant', 'nobody', '--whole-tenant', '-o', file, '--data', data])).code).toBe(1)
  expect(readFileSync(file, 'utf8')).toBe(before)
  for (const target of [scratch.path('.'), scratch.path('absent/export.jsonl'), data, '/proc/export.jsonl']) {
    const { code, err } = await exporting('--subject', 'ana', '-o', target)
    expect({ target, code }).toEqual({ target, code: 1 })
    expect(err).not.toMatch(stackTrace)
  }
  expect(readdirSync(dirname(file)).filter((name) => name.endsWith('.part'))).toEqual([])
  expect(existsSync(`${data}.part`)).toBe(false)
})

test('a disclosure budget holds the operator too, and exempts the role in which each command asks', async () => {
  const on = (...args: string[]) => memkeep([...args, '--data', data])
  const out = scratch.path('bounded.jsonl')
  const facts = ['one', 'two', 'three'].map((content) => JSON.stringify({ content, actor: 'agent' }))
  const take = (lines: string[]) => {
    writeFileSync(scratch.path('facts.jsonl'), lines.join('\n'))
    return on('import', scratch.path('facts.jsonl'), '--tenant', 'bounded', '--subject', 'cem')
  }
  const budget = (except: string) =>
    on('tenant', 'disclosure', 'bounded', '--memories', '2', '--per-seconds', '86400', '--except', except)
  const reads = {
    export: () => on('export', '--tenant', 'bounded', '--subject', 'cem', '-o', out),
    import: () => take([...facts, JSON.stringify({ content: `${Math.random()}`, actor: 'agent' })]),
  }
  await on('tenant', 'create', 'bounded')
  expect((await take(facts)).code).toBe(0)
  await budget('nobody')
  for (const read of Object.values(reads)) {
    const refused = await read()
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('ERR_RATE_LIMITED')])
  }
  expect(existsSync(out)).toBe(false)
  await budget('export')
  expect((await reads.export()).code).toBe(0)
  expect(contents(records(readFileSync(out, 'utf8')))).toEqual(['one', 'three', 'two'])
  expect((await reads.import()).err).toContain('ERR_RATE_LIMITED')
  await budget('admin')
  expect((await reads.import()).code).toBe(0)
  expect((await reads.export()).err).toContain('ERR_RATE_LIMITED')
})
