import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sayOtherBuild } from '../../../../test/database.ts'
import { readScope } from '../../src/core/scope.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { checkShelves } from '../../src/memory/check-shelves.ts'
import { search } from '../../src/memory/search.ts'
import { mintTenantScope } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { claimsOf, kernelOn } from '../support/kernel-on.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// An entry that does not open costs its own memory and no other. What the database may not bring is refused all the same.

const user = { actor: 'user' } as const
let store: TestKeep
let ids: string[]
let subject = 0
const name = () => `subject ${subject}`
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())
beforeEach(async () => {
  subject++
  const texts = [1, 2, 3, 4].map((n) => ({ content: `word ${n}`, ...user }))
  ids = (await store.memory({ subject: name() }).addMany(texts)).map(({ id }) => id)
})

const sql = (text: string, ...values: unknown[]) => store.database.query(text, values)
const damage = (id: string) =>
  sql('update memkeep.memory set entry = set_bit(entry, 300, 1 - get_bit(entry, 300)) where id = $1', id)
const wide = () => {
  const principal = { id: 'svc', roles: ['admin'], rights: ['tenant' as const] }
  return readScope(mintTenantScope({ tenant: 'acme', principal }))
}
type Of = ReturnType<typeof kernelOn>
const found = async ({ kernel }: Of, scope = claimsOf('acme', name())) =>
  (await search(kernel, scope, 'word', { limit: 100 })).memories.map(({ id }) => id).sort()

describe('an entry that does not open', () => {
  test.each([
    ['held', 1e9],
    ['read anew each time', 1],
  ])('is left out of a shelf that is %s, and counted', async (_, budgetBytes) => {
    await using of = kernelOn(store, { budgetBytes })
    await damage(ids[1]!)
    expect(await found(of)).toEqual([ids[0], ids[2], ids[3]].sort())
    expect(of.kernel.shelves.stats.broken).toBeGreaterThan(0)
    // Also where it is the whole shelf.
    for (const id of [ids[0]!, ids[2]!, ids[3]!]) await damage(id)
    await using cold = kernelOn(store, { budgetBytes })
    expect(await found(cold)).toEqual([])
  })

  test('that comes as a change takes its memory off the shelf, with what stood there before', async () => {
    await using of = kernelOn(store, { budgetBytes: 1e9 })
    expect(await found(of)).toEqual([...ids].sort())
    const memory = store.memory({ subject: name() })
    await memory.update(ids[2]!, { content: 'word, other' }, user)
    await damage(ids[2]!)
    expect(await found(of)).toEqual([ids[0], ids[1], ids[3]].sort())
    expect(of.kernel.shelves.stats).toMatchObject({ broken: 1, loads: 2 })
  })

  test('on one shelf of a tenant leaves all others whole', async () => {
    await using of = kernelOn(store, { budgetBytes: 1e9 })
    const before = await found(of, wide())
    await damage(ids[3]!)
    await using cold = kernelOn(store, { budgetBytes: 1e9 })
    expect(await found(cold, wide())).toEqual(before.filter((id) => id !== ids[3]))
  })

  test('is named by a check of the shelves, which holds nothing', async () => {
    await damage(ids[0]!)
    await using of = kernelOn(store, { budgetBytes: 1e9 })
    expect(await checkShelves(of.kernel, claimsOf('acme', name()))).toMatchObject({
      shelves: 2,
      entries: 3,
      broken: [ids[0]],
    })
    expect((await checkShelves(of.kernel, wide())).broken).toContain(ids[0])
    expect(of.kernel.shelves.stats).toMatchObject({ shelves: 0, loads: 0 })
  })
})

describe('keys', () => {
  test('one that is gone costs what was sealed under it; where that is all of a subject, its searches say so', async () => {
    await using of = kernelOn(store, { budgetBytes: 1 })
    await sql('update memkeep.memory set epoch = 7 where id = $1', ids[0])
    expect(await found(of)).toEqual(ids.slice(1).sort())
    await sql('update memkeep.memory set epoch = 7 where id = any ($1)', ids)
    expect(await codeOf(found(of))).toBe('ERR_KEY_DESTROYED')
    const others = await found(of, wide())
    expect(others.length).toBeGreaterThan(0)
    expect(ids.filter((id) => others.includes(id))).toEqual([])
  })

  test('that cannot be reached just now fail the search: it is never quietly incomplete', async () => {
    const { keyStore } = keysAt(store.keyDir)
    let reachable = true
    const shaky: KeyStore = {
      get: (key) =>
        reachable || !key.startsWith('subject/') ? keyStore.get(key) : Promise.reject(new Error('out of reach')),
      putIfAbsent: (...args) => keyStore.putIfAbsent(...args),
      replace: (...args) => keyStore.replace(...args),
      delete: (key) => keyStore.delete(key),
      list: (prefix) => keyStore.list(prefix),
    }
    await using of = kernelOn(store, { budgetBytes: 1e9, keyStore: shaky })
    reachable = false
    expect(await codeOf(found(of))).toBe('ERR_KEY_UNAVAILABLE')
    expect(of.kernel.shelves.stats).toMatchObject({ broken: 0 })
    reachable = true
    expect(await found(of)).toEqual([...ids].sort())
  })
})

describe('a key whose record is damaged fails whatever reads under it, and is never taken for an empty shelf:', () => {
  const records = ['subject', 'tenant'] as const

  test.each(records)('%s', async (kind) => {
    await using of = kernelOn(store, { budgetBytes: 1e9 })
    const keys = await of.kernel.keyring.tenant('acme')
    const tag = keys.tag.toString('hex')
    const own = `subject/${tag}/${keys.subjectTag(name()).toString('hex')}/1/1`
    const path = join(store.keyDir, 'store', `${kind === 'subject' ? own : `tenant/${tag}/wrap/1`}.json`)
    const whole = readFileSync(path)
    try {
      for (const budgetBytes of [1e9, 1]) {
        writeFileSync(path, 'garbage')
        await using cold = kernelOn(store, { budgetBytes })
        expect(await codeOf(found(cold))).toBe('ERR_SEAL_BROKEN')
        expect(cold.kernel.shelves.stats).toMatchObject({ broken: 0 })
        expect(await codeOf(found(cold, wide()))).toBe('ERR_SEAL_BROKEN')
        writeFileSync(path, whole)
        expect(await found(cold)).toEqual([...ids].sort())
      }
    } finally {
      writeFileSync(path, whole)
    }
  })
})

describe('a row that the database may not bring is refused, loudly', () => {
  /** Its row wall is down. */
  async function torn(): Promise<TestKeep> {
    const other = await TestKeep.start()
    await sayOtherBuild(other.database)
    await other.database.query('alter policy read on memkeep.memory using (true)')
    return other
  }

  const look = ({ kernel }: Of) => search(kernel, claimsOf('acme', 'ana'), 'word', {})

  test("another shelf's, on a page", async () => {
    await using other = await torn()
    const definition = "select pg_get_functiondef('memkeep.entries_behind'::regproc) as text"
    const [entries] = await other.database.query<{ text: string }>(definition)
    const ofTheShelf = 'and m.subject = p_subject'
    expect(entries!.text).toContain(ofTheShelf)
    await other.memory({ subject: 'ben' }).add('word, not to be seen', user)
    await using whole = kernelOn(other, { budgetBytes: 1e9 })
    expect((await look(whole)).memories).toEqual([])
    await other.database.query(entries!.text.replaceAll(ofTheShelf, ''))
    await using cold = kernelOn(other, { budgetBytes: 1e9 })
    expect(await codeOf(look(cold))).toBe('ERR_SEAL_BROKEN')
    expect(cold.kernel.shelves.stats).toMatchObject({ broken: 0, shelves: 0 })
  })

  test('one above the clearance, on a page', async () => {
    await using other = await torn()
    await other.memory({ subject: 'ana' }).add('word of ana', user)
    await using whole = kernelOn(other, { budgetBytes: 1e9 })
    expect((await look(whole)).memories).toHaveLength(1)
    await other.memory({ subject: 'ana' }).add('word, not to be seen', { ...user, sensitivity: 'sensitive' })
    await using cold = kernelOn(other, { budgetBytes: 1e9 })
    expect(await codeOf(look(cold))).toBe('ERR_SEAL_BROKEN')
  })

  test('one above the clearance, as a change', async () => {
    await using other = await torn()
    await other.memory({ subject: 'ana' }).add('word of ana', user)
    await using of = kernelOn(other, { budgetBytes: 1e9 })
    expect((await look(of)).memories).toHaveLength(1)
    await other.memory({ subject: 'ana' }).add('word, not to be seen', { ...user, sensitivity: 'sensitive' })
    expect(await codeOf(look(of))).toBe('ERR_SEAL_BROKEN')
  })
})
