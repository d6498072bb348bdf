import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'
import { copiedRow } from './copied-row.ts'
import { makingAnew } from './erasing-with.ts'

// What somebody was in, and what was made anew before that somebody was erased: its earlier bytes lie in backups of the database, and their keys in
// those of the key store. A thief has both from before, and everything that stands afterwards.

const sentinel = 'FROTZ-3381'
let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start(makingAnew)
})
afterAll(() => store?.[Symbol.asyncDispose]())

let subject = ''
let made = 0
beforeEach(() => {
  subject = `ana${made++}`
})

const admin = { roles: ['admin'] }
const memoryOf = (of: string, tenant = 'acme') => store.memory({ tenant, subject: of, ...admin })
const said = async (of: string, content: string, tenant = 'acme') =>
  (await memoryOf(of, tenant).add(content, { actor: 'user' })).id
const common = () => store.common(admin).artifacts
const library = () =>
  store.keep.privileged(
    mintGrant({ principal: { id: 'curator', roles: [] }, rights: ['library'], reason: 'a test', ttlSeconds: 600 }),
  ).library

/**
 * Row and key store as they stand now. The answer asks a process on that row: its keys are those of then, beside them whatever was copied now, and no
 * word of what was erased. Afterwards the row of then stands again.
 */
async function copies(table: 'artifact' | 'library_entry', id: string) {
  const dir = mkdtempSync(join(fastDirectory, 'mk-earlier-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  execFileSync('cp', ['-a', store.keyDir, join(dir, 'before')])
  const putBefore = await copiedRow(store.database, table, id)
  return async <T>(ask: (keep: Keep) => Promise<T>): Promise<T> => {
    const putStanding = await copiedRow(store.database, table, id)
    await putBefore()
    const afterwards = mkdtempSync(join(dir, 'afterwards-'))
    execFileSync('cp', ['-a', `${store.keyDir}/.`, afterwards])
    const [copied, kept] = [keysAt(join(dir, 'before')).keyStore, keysAt(afterwards).keyStore]
    for (const name of await kept.list('')) if (name.includes('/erased/')) await kept.delete(name)
    for (const name of await copied.list('')) await kept.putIfAbsent(name, (await copied.get(name))!)
    await using keep = await store.open(keysAt(afterwards))
    return ask(keep).finally(putStanding)
  }
}

const erase = async () => finished(store, await store.keep.eraseSubject(adminOf(subject), { reason: 'request' }))
const artifact = (id: string) => async (keep: Keep) => (await store.common(admin, keep).artifacts.get(id))?.content
const entry = async (keep: Keep) =>
  (await store.memory({ subject: 'reader', ...admin }, keep).library.search(sentinel)).entries[0]?.content

async function summary() {
  const [secret, tea] = [await said(subject, sentinel), await said('ben', 'tea')]
  const { id } = await common().register({ kind: 'summary', content: `${sentinel}, tea`, derivedFrom: [secret, tea] })
  return { secret, tea, id, thief: await copies('artifact', id) }
}

test('a summary that was made anew of the same sources: its first version opens before the erasure, and never after it', async () => {
  const { tea, id, thief } = await summary()
  await memoryOf('ben').update(tea, { content: 'green tea' }, { actor: 'user' })
  // Before upkeep has looked, its key stands.
  expect(await thief(artifact(id))).toBe(`${sentinel}, tea`)
  await store.keep.runUpkeep()
  expect(await common().get(id)).toMatchObject({ version: 3, content: `${sentinel} + green tea` })
  // A copy of it opens for as long as what wraps it is not replaced.
  expect(await thief(artifact(id))).toBe(`${sentinel}, tea`)
  const report = await erase()
  expect(report.derived).toEqual([{ id, action: 'rebuilt' }])
  expect(report.notCovered.map(({ what }) => what).join()).not.toContain('earlier versions')
  expect(await thief(artifact(id))).toBeUndefined()
}, 120_000)

test.each([
  ['had its part deleted before', true, (secret: string) => memoryOf(subject).delete(secret)],
  ['had its part deleted before, with no upkeep since', false, (secret: string) => memoryOf(subject).delete(secret)],
  ['knew it taken away before', true, (_: string, id: string) => common().remove(id)],
  ['knew it taken away before, with no upkeep since', false, (_: string, id: string) => common().remove(id)],
])(
  'a summary of one who %s',
  async (_, looked, end) => {
    const { secret, id, thief } = await summary()
    await end(secret, id)
    if (looked) await store.keep.runUpkeep()
    expect(await thief(artifact(id))).toBe(`${sentinel}, tea`)
    await erase()
    expect(await thief(artifact(id))).toBeUndefined()
  },
  120_000,
)

test.each([
  ['made anew before', true],
  ['made anew before, with no upkeep since', false],
  ['withdrawn before', true],
  ['withdrawn before, with no upkeep since', false],
])(
  'an entry of the library that was %s',
  async (how, looked) => {
    const [secret, tea] = [await said(subject, sentinel), await said('ben', 'tea', 'globex')]
    const { id } = await library().publish({
      kind: 'summary',
      content: `${sentinel}, tea`,
      contributors: [
        { tenant: 'acme', subject, memory: secret },
        { tenant: 'globex', subject: 'ben', memory: tea },
      ],
    })
    const thief = await copies('library_entry', id)
    if (how.startsWith('withdrawn')) await library().withdraw(id)
    else await memoryOf('ben', 'globex').delete(tea)
    expect(await thief(entry)).toBe(`${sentinel}, tea`)
    if (looked) await store.keep.runUpkeep()
    await erase()
    expect(await thief(entry)).toBeUndefined()
  },
  120_000,
)

test('what has ended is not told of for ever, and nobody else’s keys go with it', async () => {
  const [secret, tea] = [await said(subject, sentinel), await said('ben', 'tea')]
  const one = await common().register({ kind: 'summary', content: sentinel, derivedFrom: [secret, tea] })
  const two = await common().register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  await memoryOf(subject).delete(secret)
  await store.keep.runUpkeep()
  expect(await store.database.query('select * from memkeep.unlearned')).toEqual([])
  expect(await common().get(one.id)).toMatchObject({ content: 'tea' })
  expect(await common().get(two.id)).toMatchObject({ content: 'tea' })
})
