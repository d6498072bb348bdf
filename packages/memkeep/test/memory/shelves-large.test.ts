import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withAccess } from '../../src/memory/access.ts'
import { shelvesInReach } from '../../src/memory/reach.ts'
import { type OpenShelves, readableShelves, readShelves } from '../../src/memory/shelves.ts'
import { newestFirst, type Query, rank } from '../../src/recall/rank.ts'
import type { Shelf } from '../../src/recall/shelf.ts'
import type { Interest } from '../../src/recall/shelf-digest.ts'
import { termsOf } from '../../src/recall/terms.ts'
import { codeOf } from '../support/code-of.ts'
import { claimsOf, kernelOn } from '../support/kernel-on.ts'
import { random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'

const user = { actor: 'user' } as const
const next = random()
const places = ['harbour', 'station', 'library', 'garden', 'market', 'office', 'kitchen', 'museum']
const pick = () => places[Math.floor(next() * places.length)]!
const text = (n: number) => `note ${n}: from the ${pick()} to the ${pick()} by the ${pick()}`

let store: TestKeep
/** One shelf of 1,700 rows, and thirty of forty. */
beforeAll(async () => {
  store = await TestKeep.start()
  for (const [from, to] of [
    [0, 900],
    [900, 1700],
  ] as const) {
    const texts = Array.from({ length: to - from }, (_, n) => ({ content: text(from + n), ...user }))
    await store.memory({ subject: 'ana' }).addMany(texts)
  }
  await store.common({ rights: ['common'] }).add('the harbour is closed', user)
  for (let subject = 0; subject < 30; subject++) {
    const texts = Array.from({ length: 40 }, (_, n) => ({ content: text(n), ...user }))
    await store.memory({ tenant: 'globex', subject: `s${subject}` }).addMany(texts)
  }
})
afterAll(() => store?.[Symbol.asyncDispose]())

const queryOf = (words: string): Query => ({ terms: termsOf(words), vector: null, model: null })
const interestIn = (words: string, over = {}): Interest => ({ filter: { nowMs: 0, ...over }, query: queryOf(words) })
const rankable = ({ held, digest }: OpenShelves) =>
  [...held.map(({ shelf }) => shelf), digest].filter((shelf) => shelf !== null) as Shelf[]

/** What a search in that kernel would choose. */
async function chosen(of: ReturnType<typeof kernelOn>, subject: string, interest: Interest, signal?: AbortSignal) {
  const claims = claimsOf(subject === 'all' ? 'globex' : 'acme', subject, ['admin'])
  const tenantWide = { ...claims, principal: { ...claims.principal, rights: ['tenant' as const] } }
  return withAccess(of.kernel, subject === 'all' ? tenantWide : claims, async (access) => {
    const subjects = subject === 'all' ? (await shelvesInReach(of.kernel, access)).subjects : readableShelves(access)
    const open = await readShelves(of.kernel, access, subjects, interest, signal)
    const ranked = rank(rankable(open), interest.query!, interest.filter, 50)
    const listed = newestFirst(rankable(open), interest.filter, null, 70)
    return { open, ids: ranked.map(({ entry }) => entry.id), listed: listed.map(({ id }) => id) }
  })
}

const questions = ['harbour market', 'note 17', 'library library museum', 'kitchen', 'nothing of the sort', 'the']

describe(`seed ${seed}: what finds no room`, () => {
  test.each([
    ['one large shelf', 'ana', 200_000],
    ['one large shelf', 'ana', 1],
    ['many small shelves', 'all', 600_000],
    ['many small shelves', 'all', 1],
  ])('%s of %s under a budget of %d answers as when it is held', async (_, subject, budgetBytes) => {
    await using roomy = kernelOn(store, { budgetBytes: 1e9 })
    await using tight = kernelOn(store, { budgetBytes })
    for (const [n, question] of questions.entries()) {
      const interest = interestIn(question, n % 2 ? { kinds: ['note'], sinceMs: 1 } : {})
      const wanted = await chosen(roomy, subject, interest)
      expect(wanted.open.digest).toBeNull()
      const found = await chosen(tight, subject, interest)
      expect(found.open.digest).not.toBeNull()
      expect(found.ids).toEqual(wanted.ids)
      expect(found.listed).toEqual(wanted.listed)
      expect(tight.kernel.shelves.stats.bytes).toBeLessThanOrEqual(budgetBytes)
      expect(found.open.held.reduce((sum, { shelf }) => sum + shelf.bytes, 0)).toBeLessThanOrEqual(budgetBytes)
    }
    expect(roomy.kernel.shelves.stats.streams).toBe(0)
    expect(tight.kernel.shelves.stats).toMatchObject({ streams: questions.length, broken: 0 })
  })

  test('is read page by page: the ciphertext of a shelf is never asked for at once', async () => {
    await using tight = kernelOn(store, { budgetBytes: 1 })
    const { open } = await chosen(tight, 'ana', interestIn('harbour'))
    expect(open.digest!.size).toBe(1701)
    const pages = tight.trips.filter(({ doorway }) => doorway === 'load').map(({ rows }) => rows.length)
    expect(pages.length).toBeGreaterThan(3)
    const limits = tight.trips.filter(({ doorway }) => doorway === 'load').map(({ args }) => args[3] as number)
    expect(limits[0]).toBe(500)
    // Rows are small here, so later pages are asked for by the mebibyte.
    expect(Math.max(...limits)).toBeLessThanOrEqual(5000)
  })

  test('keeps of a shelf a small part of what it would take', async () => {
    await using roomy = kernelOn(store, { budgetBytes: 1e9 })
    await using tight = kernelOn(store, { budgetBytes: 1 })
    const { shelf } = (await chosen(roomy, 'ana', interestIn('harbour'))).open.held[0]!
    const { digest } = (await chosen(tight, 'ana', interestIn('harbour'))).open
    expect(digest!.bytes * 5).toBeLessThan(shelf.bytes)
  })
})

describe('one load for all who ask', () => {
  const loadsOf = ({ trips }: ReturnType<typeof kernelOn>) =>
    trips.filter(({ doorway, args }) => doorway === 'load' && args[1] === -1).length

  test('ten searches of a cold shelf read it once', async () => {
    await using roomy = kernelOn(store, { budgetBytes: 1e9 })
    const found = await Promise.all(Array.from({ length: 10 }, () => chosen(roomy, 'ana', interestIn('harbour'))))
    for (const { ids } of found) expect(ids).toEqual(found[0]!.ids)
    // Its own and the common one.
    expect(loadsOf(roomy)).toBe(2)
    expect(roomy.kernel.shelves.stats).toMatchObject({ loads: 2, misses: 20, hits: 0 })
  })

  test('the first asker gives up: the others have their answer from the same load', async () => {
    await using roomy = kernelOn(store, { budgetBytes: 1e9 })
    const controller = new AbortController()
    const first = codeOf(chosen(roomy, 'ana', interestIn('harbour'), controller.signal))
    const others = [1, 2].map(() => chosen(roomy, 'ana', interestIn('harbour')))
    while (roomy.trips.length === 0) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect(await first).toBe('ERR_ABORTED')
    for (const { ids } of await Promise.all(others)) expect(ids).toHaveLength(50)
    expect(loadsOf(roomy)).toBe(2)
  })

  test('a stream is given up when its asker does', async () => {
    await using tight = kernelOn(store, { budgetBytes: 1 })
    const controller = new AbortController()
    const call = codeOf(chosen(tight, 'ana', interestIn('harbour'), controller.signal))
    while (tight.kernel.shelves.stats.streams === 0) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect(await call).toBe('ERR_ABORTED')
    // Its turn has ended: another gets one.
    expect((await chosen(tight, 'ana', interestIn('harbour'))).ids).toHaveLength(50)
  })
})

test('a shelf that is written to all the time is read with all that stood there when reading began', async () => {
  await using tight = kernelOn(store, { budgetBytes: 1 })
  const memory = store.memory({ subject: 'busy' })
  await memory.addMany(Array.from({ length: 600 }, (_, n) => ({ content: text(n), ...user })))
  let writing = true
  let written = 0
  const writer = (async () => {
    for (; writing; written++) await memory.add(`late ${written}`, user)
  })()
  try {
    for (let n = 0; n < 8; n++) {
      const before = written
      const { digest, version } = await withAccess(tight.kernel, claimsOf('acme', 'busy'), (access) =>
        readShelves(tight.kernel, access, [access.shelf], interestIn('late')),
      )
      // The first batch is one version, each later memory one more.
      expect(digest!.size).toBeGreaterThanOrEqual(599 + version)
      expect(new Set(Array.from(digest!.entries(), ({ id }) => id)).size).toBe(digest!.size)
      expect(version).toBeGreaterThan(before)
    }
  } finally {
    writing = false
    await writer
  }
  expect(written).toBeGreaterThan(0)
})
