import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { GrantRight } from '../../src/core/grant.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, adminOfTenant, finished } from '../support/erasing.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

const sentinel = 'NITFOL-3319'
let store: TestKeep
let tenants: [string, string]
let made = 0
beforeAll(async () => {
  store = await TestKeep.start()
})
beforeEach(async () => {
  tenants = [`one${made}`, `two${made}`]
  made++
  for (const tenant of tenants) await store.createTenant(tenant)
})
afterAll(() => store[Symbol.asyncDispose]())

const libraryBy = (...rights: GrantRight[]) =>
  store.keep.privileged(
    mintGrant({ principal: { id: 'curator', roles: [] }, rights, reason: 'what we learnt', ttlSeconds: 600 }),
  ).library
const library = () => libraryBy('library')
const memoryOf = (tenant: string, subject = 'ana', roles = ['admin']) => store.memory({ tenant, subject, roles })
const said = async (tenant: string, subject: string, content: string, more = {}) => ({
  tenant,
  subject,
  memory: (await memoryOf(tenant, subject).add(content, { actor: 'user', ...more })).id,
})
const contents = async (tenant: string, query: string, roles = ['admin']) =>
  (await memoryOf(tenant, 'reader', roles).library.search(query)).entries.map(({ content }) => content)

describe('an entry', () => {
  test('is read by every tenant, marked as the library’s, and never mixed into its own recall', async () => {
    const contributors = [
      await said(tenants[0], 'ana', 'restart the router twice'),
      await said(tenants[1], 'bob', 'restart helped'),
    ]
    const { id, trust } = await library().publish({
      kind: 'skill',
      content: 'Restart the frobnicator twice.',
      contributors,
      sensitivity: 'private',
    })
    expect(trust).toBe('user')
    for (const tenant of [...tenants, 'acme']) {
      const answer = await memoryOf(tenant, 'reader').library.search('how to restart the frobnicator?')
      expect(answer.entries).toMatchObject([
        { id, kind: 'skill', content: 'Restart the frobnicator twice.', trust: 'user' },
      ])
      expect(answer.evidence.split('\n')[0]).toBe(
        "From the library of the deployment, which its tenants share; not from this tenant's memories.",
      )
      expect(answer.evidence).toContain('Restart the frobnicator twice.')
      const own = await memoryOf(tenant, 'reader').search('frobnicator')
      expect(own.memories.map(({ content }) => content)).not.toContain('Restart the frobnicator twice.')
      expect(own.evidence).not.toContain('frobnicator')
    }
    expect(await contents('acme', 'something else entirely')).toEqual([])
    const least = await memoryOf('acme').library.search('frobnicator', { minTrust: 'agent' })
    expect(least).toEqual({ entries: [], evidence: '' })
    expect((await library().list()).find((entry) => entry.id === id)).toMatchObject({ state: 'ready', contributors: 2 })
  })

  test('has the labels of the worst of its contributors', async () => {
    const secret = await said(tenants[0], 'ana', 'x', { sensitivity: 'sensitive' })
    const tool = await said(tenants[1], 'bob', 'y', { actor: 'tool' })
    const content = `sensitive word${made}`
    const entry = await library().publish({ kind: 'fact', content, contributors: [secret, tool] })
    expect(entry).toMatchObject({ trust: 'external', sensitivity: 'sensitive' })
    expect(await contents('acme', `word${made}`)).toEqual([content])
    expect(await contents('acme', `word${made}`, ['agent'])).toEqual([])
  })

  test('is published under a grant with the right for it, its reason in the ledger, and by nobody else', async () => {
    const contributors = [await said(tenants[0], 'ana', 'x')]
    const input = { kind: 'fact', content: 'x', contributors }
    expect(await codeOf(libraryBy('tenants', 'keys', 'erase', 'holds').publish(input))).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(libraryBy('tenants').list())).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(libraryBy('tenants').withdraw('00000000-0000-7000-8000-000000000000'))).toBe(
      'ERR_ACCESS_DENIED',
    )
    await library().publish(input)
    const events = await store.database.query<{ outcome: string }>(
      "select outcome from memkeep.event where action = 'library.publish' order by recorded_at desc limit 2",
    )
    expect(events.map(({ outcome }) => outcome)).toEqual(['ok', 'conflict'])
  })

  test('needs contributors that are there, in the tenant and subject that are said', async () => {
    const ana = await said(tenants[0], 'ana', 'x')
    const publish = (contributors: unknown) =>
      codeOf(library().publish({ kind: 'fact', content: 'x', contributors: contributors as never }))
    expect(await publish([{ ...ana, subject: 'bob' }])).toBe('ERR_INPUT_INVALID')
    expect(await publish([{ ...ana, tenant: tenants[1] }])).toBe('ERR_INPUT_INVALID')
    expect(await publish([{ ...ana, subject: null }])).toBe('ERR_INPUT_INVALID')
    expect(await publish([{ ...ana, tenant: 'nobody' }])).toBe('ERR_TENANT_UNKNOWN')
    expect(await publish([])).toBe('ERR_INPUT_INVALID')
    expect(await publish([ana, ana])).toBe('none')
  })

  test('is sealed under a key of its own: relabelled, moved or put back, it does not open', async () => {
    const contributors = [await said(tenants[0], 'ana', 'x')]
    const [a, b] = [
      await library().publish({ kind: 'fact', content: `alpha${made}`, contributors }),
      await library().publish({ kind: 'fact', content: `beta${made}`, contributors }),
    ]
    const rows = await store.database.query('select distinct seal from memkeep.library_entry where id = any ($1)', [
      [a.id, b.id],
    ])
    expect(rows).toHaveLength(2)
    for (const spoil of [
      'trust = 2',
      'version = version + 1',
      "kind = 'skill'",
      `content = (select content from memkeep.library_entry where id = '${b.id}')`,
    ]) {
      const [kept] = await store.database.query(
        'select trust, version, kind, content from memkeep.library_entry where id = $1',
        [a.id],
      )
      await store.database.query(`update memkeep.library_entry set ${spoil} where id = $1`, [a.id])
      expect(await codeOf(contents('acme', `alpha${made}`)), spoil).toMatch(/^ERR_(SEAL_BROKEN|KEY_DESTROYED)$/)
      await store.database.query(
        'update memkeep.library_entry set trust = $2, version = $3, kind = $4, content = $5 where id = $1',
        [a.id, kept!.trust, kept!.version, kept!.kind, kept!.content],
      )
    }
    expect(await library().withdraw(a.id)).toBe(true)
    expect(await library().withdraw(a.id)).toBe(false)
    expect(await contents('acme', `alpha${made}`)).toEqual([])
  })
})

describe('a contributor that goes', () => {
  const published = async () => {
    const [ana, bob] = [await said(tenants[0], 'ana', sentinel), await said(tenants[1], 'bob', 'tea')]
    const both = await library().publish({ kind: 'fact', content: `${sentinel} both${made}`, contributors: [ana, bob] })
    const alone = await library().publish({ kind: 'fact', content: `${sentinel} alone${made}`, contributors: [ana] })
    const bobs = await library().publish({ kind: 'fact', content: `bobs${made}`, contributors: [bob] })
    return { ana, both: both.id, alone: alone.id, bobs: bobs.id }
  }
  const standing = async (ids: readonly string[]) => {
    const found = new Map((await library().list()).map((entry) => [entry.id, entry]))
    return ids.map((id) => found.get(id)?.state ?? null)
  }

  test('by deletion hides what it stood behind in that commit, and drops what nobody else stood behind', async () => {
    const { ana, both, alone, bobs } = await published()
    await memoryOf(tenants[0]).delete(ana.memory)
    expect(await contents('acme', sentinel)).toEqual([])
    expect(await contents('acme', `bobs${made}`)).toEqual([`bobs${made}`])
    expect(await standing([both, alone, bobs])).toEqual(['hidden', null, 'ready'])
    const [row] = await store.database.query(
      'select octet_length(content) as size, contributors from memkeep.library_entry where id = $1',
      [both],
    )
    expect(row).toEqual({ size: 0, contributors: 1 })
    // Their keys, until upkeep has deleted them.
    const noted = () =>
      store.database.query('select action from memkeep.unlearned where artifact = any ($1)', [[both, alone]])
    expect(await noted()).toEqual([{ action: 7 }, { action: 7 }])
    await store.keep.runUpkeep()
    expect(await noted()).toEqual([])
  })

  test('by an erasure too, which destroys the keys of what stood, and says so', async () => {
    const { both, alone, bobs } = await published()
    const [backup] = await store.database.query('select * from memkeep.library_entry where id = $1', [both])
    const scope = adminOf('ana', tenants[0])
    const report = await finished(store, await store.keep.eraseSubject(scope, { reason: 'request' }))
    expect(await contents('acme', sentinel)).toEqual([])
    expect(Object.fromEntries(report.derived.map(({ id, action }) => [id, action]))).toEqual({
      [both]: 'hidden',
      [alone]: 'dropped',
    })
    expect(report.stores.find(({ name }) => name === 'library_contribution')).toMatchObject({ remaining: 0 })
    expect(await standing([both, alone, bobs])).toEqual(['hidden', null, 'ready'])
    await store.database.query('update memkeep.library_entry set state = 0, version = 1, content = $2 where id = $1', [
      both,
      backup!.content,
    ])
    await using elsewhere = await store.open()
    const search = store.memory({ tenant: 'acme', roles: ['admin'] }, elsewhere).library.search(sentinel)
    expect((await search).entries.map(({ id }) => id)).not.toContain(both)
    await library().withdraw(both)
  })

  test('a copy of the key record of what stood opens nothing beside the keys of afterwards', async () => {
    const { both } = await published()
    const [backup] = await store.database.query('select * from memkeep.library_entry where id = $1', [both])
    const dir = mkdtempSync(join(fastDirectory, 'mk-library-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const [before, afterwards] = [join(dir, 'before'), join(dir, 'afterwards')]
    execFileSync('cp', ['-a', store.keyDir, before])
    await finished(store, await store.keep.eraseSubject(adminOf('ana', tenants[0]), { reason: 'request' }))
    // What was copied lies beside what stands now, and nothing says any more what was erased.
    execFileSync('cp', ['-a', store.keyDir, afterwards])
    const [copied, standing] = [keysAt(before).keyStore, keysAt(afterwards).keyStore]
    for (const name of await standing.list('')) if (name.includes('/erased/')) await standing.delete(name)
    for (const name of await copied.list('')) await standing.putIfAbsent(name, (await copied.get(name))!)
    await store.database.query('update memkeep.library_entry set state = 0, version = 1, content = $2 where id = $1', [
      both,
      backup!.content,
    ])
    await using elsewhere = await store.open(keysAt(afterwards))
    const search = store.memory({ tenant: 'acme', roles: ['admin'] }, elsewhere).library.search(sentinel)
    expect((await search).entries.map(({ id }) => id)).not.toContain(both)
    await library().withdraw(both)
  })

  test('with its whole tenant does the same, and no later publication names it', async () => {
    const { ana, both, alone, bobs } = await published()
    const erasure = await store.keep.eraseTenant(adminOfTenant(tenants[0]), {
      reason: 'contract-end',
      confirm: tenants[0],
    })
    await finished(store, erasure)
    expect(await contents('acme', sentinel)).toEqual([])
    expect(await standing([both, alone, bobs])).toEqual(['hidden', null, 'ready'])
    const again = codeOf(library().publish({ kind: 'fact', content: 'x', contributors: [ana] }))
    expect(await again).toMatch(/^ERR_(SCOPE_BARRED|TENANT_UNKNOWN|INPUT_INVALID)$/)
  })
})
