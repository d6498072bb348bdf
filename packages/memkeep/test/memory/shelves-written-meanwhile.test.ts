import { describe, expect, test } from 'vitest'
import { withAccess } from '../../src/memory/access.ts'
import { checkShelves } from '../../src/memory/check-shelves.ts'
import type { Kernel } from '../../src/memory/kernel.ts'
import { list } from '../../src/memory/list.ts'
import { search } from '../../src/memory/search.ts'
import { readShelves } from '../../src/memory/shelves.ts'
import { codeOf } from '../support/code-of.ts'
import { claimsOf, kernelOn } from '../support/kernel-on.ts'
import { TestKeep } from '../support/test-keep.ts'

const user = { actor: 'user' } as const
const claims = claimsOf('acme', 'ana')

/** The same kernel, which does `act` before the second page of a shelf is asked for. */
function beforeSecondPage(kernel: Kernel, act: () => Promise<unknown>): Kernel {
  let loads = 0
  const doorways = new Proxy(kernel.doorways, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name !== 'read') return typeof value === 'function' ? value.bind(target) : value
      return async (call: Parameters<Kernel['doorways']['read']>[0]) => {
        if (call.doorway === 'load' && ++loads === 2) await act()
        return target.read(call)
      }
    },
  })
  return { ...kernel, doorways }
}

/** Ana's shelf of more than one page: its first row is on the first page, its last one is not. */
async function largeShelf(store: TestKeep) {
  const memory = store.memory({ subject: 'ana' })
  const first = await memory.add('the zebra is at the door', { ...user, tags: ['open'] })
  await memory.addMany(Array.from({ length: 900 }, (_, n) => ({ content: `note ${n}`, ...user })))
  const last = await memory.add('the zebra is in the attic', user)
  return { memory, first, last }
}

/** A kernel that knows that ana's shelf finds no room: it streams it at once. */
async function streamingOn(store: TestKeep) {
  const tight = kernelOn(store, { budgetBytes: 1 })
  await search(tight.kernel, claims, 'note', {})
  return tight
}

describe('a row that is written while its large shelf is streamed', () => {
  test('is found and listed, whether it was read before or not', async () => {
    await using store = await TestKeep.start()
    const { memory, last } = await largeShelf(store)
    await using tight = await streamingOn(store)
    const change = (tag: string) => beforeSecondPage(tight.kernel, () => memory.update(last.id, { tags: [tag] }, user))
    const found = await search(change('one'), claims, 'attic', {})
    expect(found.memories.map(({ id, tags }) => [id, tags])).toEqual([[last.id, ['one']]])
    const listed = await list(change('two'), claims, { limit: 1 })
    expect(listed.items.map(({ id }) => id)).toEqual([last.id])
  })

  test('counts once, and as it stands now', async () => {
    await using store = await TestKeep.start()
    const { memory, first } = await largeShelf(store)
    await using tight = await streamingOn(store)
    const interest = { filter: { nowMs: 0 }, query: null }
    const change = () => memory.update(first.id, { content: 'an okapi' }, user)
    const { digest } = await withAccess(tight.kernel, claims, (access) =>
      readShelves(beforeSecondPage(tight.kernel, change), access, [access.shelf], interest),
    )
    expect(digest!.size).toBe(902)
    const ids = [...digest!.entries()].map(({ id }) => id)
    expect(new Set(ids).size).toBe(902)
    expect(digest!.get(first.id)).toMatchObject({ version: 2 })
    const again = () => memory.update(first.id, { content: 'a tapir' }, user)
    const found = await search(beforeSecondPage(tight.kernel, again), claims, 'okapi tapir', {})
    expect(found.memories.map(({ content }) => content)).toEqual(['a tapir'])
  })

  test('is gone when it no longer passes', async () => {
    await using store = await TestKeep.start()
    const { memory, first } = await largeShelf(store)
    await using tight = await streamingOn(store)
    const interest = { filter: { nowMs: 0, tags: ['open'] }, query: null }
    const change = () => memory.update(first.id, { tags: ['closed'] }, user)
    const sizes = await withAccess(tight.kernel, claims, async (access) => {
      const before = await readShelves(tight.kernel, access, [access.shelf], interest)
      const raced = await readShelves(beforeSecondPage(tight.kernel, change), access, [access.shelf], interest)
      return [before.digest!.size, raced.digest!.size]
    })
    expect(sizes).toEqual([1, 0])
  })

  test('is checked, once', async () => {
    await using store = await TestKeep.start()
    const { memory, first, last } = await largeShelf(store)
    await using tight = await streamingOn(store)
    const change = async () => {
      await memory.update(first.id, { tags: ['read before'] }, user)
      await memory.update(last.id, { tags: ['not yet read'] }, user)
    }
    const check = await checkShelves(beforeSecondPage(tight.kernel, change), claims)
    expect(check).toMatchObject({ entries: 902, withoutVector: 902, broken: [] })
  })
})

test('a barred subject fails nobody who waits for the same load of the common shelf', async () => {
  await using store = await TestKeep.start()
  const subjects = ['ana', 'bob', 'cid']
  for (const subject of subjects) await store.memory({ subject }).add('something', user)
  await store.common({ rights: ['common'] }).add('the harbour is closed', user)
  await using roomy = kernelOn(store, { budgetBytes: 1e9 })
  const ask = (subject: string) => search(roomy.kernel, claimsOf('acme', subject), 'harbour', {})
  // Keys and names are known from here on, so the first who asks begins the load of the common shelf.
  for (const subject of subjects) expect((await ask(subject)).memories).toHaveLength(1)
  roomy.kernel.shelves.clear()
  const ana = await withAccess(roomy.kernel, claims, async ({ shelf }) => shelf)
  await store.database.query('update memkeep.shelf set state = 1 where subject = $1', [ana])
  const { loads } = roomy.kernel.shelves.stats
  const asked = subjects.map(ask)
  expect(await Promise.all(asked.map((call) => codeOf(call)))).toEqual(['ERR_SCOPE_BARRED', 'none', 'none'])
  // Three own shelves, and the common one twice: those who were left shared the second load.
  expect(roomy.kernel.shelves.stats.loads - loads).toBe(5)
})

test('what is in memory is not streamed, though one operation may load no more', async () => {
  await using store = await TestKeep.start()
  const memory = store.memory({ subject: 'ana' })
  await memory.addMany(Array.from({ length: 100 }, (_, n) => ({ content: `note ${n}`, ...user })))
  await store.common({ rights: ['common'] }).add('the harbour is closed', user)
  await using roomy = kernelOn(store, { budgetBytes: 1e9 })
  const open = (of: ReturnType<typeof kernelOn>, twice: number) =>
    withAccess(of.kernel, claims, (access) => {
      const shelves = Array.from({ length: twice }, () => access.shelf)
      return readShelves(of.kernel, access, shelves, { filter: { nowMs: 0 }, query: null })
    })
  const { bytes } = (await open(roomy, 1)).held[0]!.shelf
  // One shelf takes more than half, so an operation reads no second one; it is held all the same.
  await using tight = kernelOn(store, { budgetBytes: Math.floor(bytes * 1.5) })
  await open(tight, 1)
  const { held, digest } = await open(tight, 6)
  expect(held).toHaveLength(6)
  expect(digest).toBeNull()
  expect(tight.kernel.shelves.stats).toMatchObject({ loads: 1, streams: 0 })
})
