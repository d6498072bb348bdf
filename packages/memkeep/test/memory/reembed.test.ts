import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { defaultPolicy, type Keep } from '../../src/index.ts'
import type { Embedder } from '../../src/recall/embedder.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

// Two models that disagree: `boats` finds what is about boats, `birds` what is about birds. No text shares a word with a query.

const user = { actor: 'user' } as const
const admin = { roles: ['admin'] }
const asked: string[] = []
let onBirds: () => unknown = () => {}

function about(modelId: string, pattern: RegExp, dims: number, note: (text: string) => void = () => {}): Embedder {
  const vectorOf = (text: string) => [pattern.test(text) ? 1 : 0.1, 1, ...Array(dims - 2).fill(0)]
  const doEmbed = async ({ values }: { values: string[] }) => {
    if (modelId === 'birds') await onBirds()
    values.forEach(note)
    return { embeddings: values.map(vectorOf) }
  }
  return { provider: 'test', modelId, doEmbed }
}
const boats = about('boats', /yacht|ferry|QUERY/, 3)
const birds = about('birds', /heron|robin|QUERY/, 4, (text) => asked.push(text))

let store: TestKeep
let [withBoats, withBirds, changing]: [Keep, Keep, Keep] = [null!, null!, null!]
beforeAll(async () => {
  store = await TestKeep.start()
  withBoats = await store.open({ embedder: boats })
  withBirds = await store.open({ embedder: birds })
  changing = await store.open({ embedder: birds, formerEmbedder: boats })
})
afterAll(() => store?.[Symbol.asyncDispose]())

let subject = ''
let count = 0
beforeEach(() => {
  subject = `s${count++}`
  asked.length = 0
  onBirds = () => {}
})
const memory = (keep: Keep, who: object = admin) => store.memory({ subject, ...who }, keep)
const found = async (keep: Keep) =>
  (await memory(keep).search('QUERY', { limit: 2 })).memories.map(({ content }) => content).sort()
const fill = (texts: readonly string[], keep = withBoats) =>
  memory(keep).addMany(texts.map((content) => ({ content, ...user })))
const four = ['a yacht', 'one ferry', 'a heron', 'one robin']
const many = [...Array.from({ length: 96 }, (_, n) => `filler ${n}`), ...four]

describe('from one model to another', () => {
  test('until it is done searches use the former model, never a mix; then the new one', async () => {
    await fill(many)
    expect(await found(withBoats)).toEqual(['a yacht', 'one ferry'])
    expect(await codeOf(memory(withBirds).search('QUERY'))).toBe('ERR_EMBEDDER_MISMATCH')

    const stop = new AbortController()
    const half = { signal: stop.signal, onProgress: () => stop.abort() }
    expect(await codeOf(memory(withBirds).reembed(half))).toBe('ERR_ABORTED')
    const first = asked.filter((text) => many.includes(text)).length
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(100)
    for (const keep of [withBoats, changing]) expect(await found(keep)).toEqual(['a yacht', 'one ferry'])
    expect(await codeOf(memory(withBirds).search('QUERY'))).toBe('ERR_EMBEDDER_MISMATCH')

    // Resumed, by another keep: what is done is not asked for again.
    asked.length = 0
    expect(await memory(changing).reembed()).toMatchObject({
      shelves: 1,
      entries: 100,
      reembedded: 100 - first,
      left: 0,
    })
    expect(asked.filter((text) => many.includes(text))).toHaveLength(100 - first)
    for (const keep of [withBirds, changing]) expect(await found(keep)).toEqual(['a heron', 'one robin'])
    expect(await found(withBoats)).toEqual(['a yacht', 'one ferry'])
    // Also for one that reads the shelf for the first time.
    expect(await found(await store.open({ embedder: birds }))).toEqual(['a heron', 'one robin'])

    expect(await memory(withBirds).reembed()).toMatchObject({ reembedded: 0 })
    expect(await memory(withBirds).reembed({ dropFormer: true })).toMatchObject({ reembedded: 100 })
    expect(await codeOf(memory(withBoats).search('QUERY'))).toBe('ERR_EMBEDDER_MISMATCH')
    expect(await found(withBirds)).toEqual(['a heron', 'one robin'])
  })

  test('what is written meanwhile is found by both, and the old way back needs no embedder', async () => {
    await fill(['a heron', 'a yacht'])
    await fill(['one robin', 'one ferry'], changing)
    const [filler] = await fill(['filler'], changing)
    await memory(changing).update(filler!.id, { content: 'filler, revised' }, user)
    for (const keep of [withBoats, changing]) expect(await found(keep)).toEqual(['a yacht', 'one ferry'])
    expect(await memory(withBirds).reembed()).toMatchObject({ entries: 5, reembedded: 2 })
    expect(await found(withBirds)).toEqual(['a heron', 'one robin'])
    // The vectors of boats still stand there: going back takes them, and asks nobody for more than the probe.
    const texts: string[] = []
    const counted = await store.open({ embedder: about('boats', /yacht|ferry|QUERY/, 3, (text) => texts.push(text)) })
    expect(await memory(counted).reembed()).toMatchObject({ reembedded: 5 })
    // Asked twice for its dimension, and for no memory.
    expect(texts).toEqual(['memkeep', 'memkeep'])
    expect(await found(withBirds)).toEqual(['a heron', 'one robin'])
  })

  test('a shelf too large to be held answers alike, before and after', async () => {
    await fill(four)
    const small = await store.open({ embedder: birds, formerEmbedder: boats, shelfBudgetBytes: 1 })
    const stop = new AbortController()
    expect(await found(small)).toEqual(['a yacht', 'one ferry'])
    expect(await codeOf(memory(withBirds).reembed({ signal: stop.signal, onProgress: () => stop.abort() }))).toBe(
      'none',
    )
    expect(await found(small)).toEqual(['a heron', 'one robin'])
  })

  test('the former embedder must be another, and stand beside one', async () => {
    expect(await codeOf(store.open({ formerEmbedder: boats }))).toBe('ERR_INPUT_INVALID')
    expect(await codeOf(store.open({ embedder: boats, formerEmbedder: about('boats', /x/, 3) }))).toBe(
      'ERR_INPUT_INVALID',
    )
  })
})

describe('embedding later', () => {
  test('stores at once, is found by its words, and by meaning after reembed', async () => {
    const receipts = await memory(withBirds).addMany(
      four.map((content) => ({ content, ...user })),
      { embed: 'later' },
    )
    expect(receipts.map(({ outcome }) => outcome)).toEqual(Array(4).fill('queued'))
    expect(asked).toEqual([])
    const words = await memory(withBirds).search('heron')
    expect(words.memories.map(({ content }) => content)).toEqual(['a heron'])
    expect(await found(withBirds)).toEqual([])
    expect(await memory(withBirds).reembed()).toMatchObject({ reembedded: 4 })
    expect(await found(withBirds)).toEqual(['a heron', 'one robin'])
  })

  test('only when the embedder is down, if so told; else nothing is stored', async () => {
    const key = { idempotencyKey: 'once' }
    onBirds = () => Promise.reject(new Error('down'))
    expect(await codeOf(memory(withBirds).add('a heron', { ...user, ...key }))).toBe('ERR_EMBEDDER')
    expect((await memory(withBirds).list()).items).toEqual([])
    const patient = { ...user, ...key, embed: 'now-or-later' } as const
    const queued = await memory(withBirds).add('a heron', patient)
    expect(queued).toMatchObject({ outcome: 'queued', version: 1 })
    expect(await codeOf(memory(withBirds).reembed())).toBe('ERR_EMBEDDER')
    onBirds = () => {}
    // A repetition answers as the first did, with the embedder back or however it is told to embed.
    expect(await memory(withBirds).add('a heron', { ...user, ...key })).toEqual(queued)
    expect(await memory(withBirds).add('one robin', { ...patient, idempotencyKey: 'two' })).toMatchObject({
      outcome: 'stored',
    })
    expect(await memory(withBirds).reembed()).toMatchObject({ entries: 2, reembedded: 1 })
  })

  test('turns of a talk too; without an embedder there is nothing to wait for; a wrong word is refused', async () => {
    const turn = { role: 'user', name: 'Ana', content: 'a heron' } as const
    const [turned] = await memory(withBirds).addMessages([turn], { session: 's', embed: 'later' })
    expect(turned).toMatchObject({ outcome: 'queued' })
    await memory(withBirds).reembed()
    expect(asked).toContain('Ana: a heron')
    expect(await memory(store.keep).add('x', { ...user, embed: 'later' })).toMatchObject({ outcome: 'stored' })
    expect(await codeOf(memory(withBirds).add('x', { ...user, embed: 'soon' as 'later' }))).toBe('ERR_INPUT_INVALID')
  })
})

describe('reembed', () => {
  test('leaves alone what is changed while it embeds, and what does not open', async () => {
    const [changed, removed, brokenEntry, brokenContent] = await fill(four)
    const damage = (column: string, id: string) =>
      store.database.query(
        `update memkeep.memory set ${column} = set_bit(${column}, 300, 1 - get_bit(${column}, 300)) where id = $1`,
        [id],
      )
    await damage('entry', brokenEntry!.id)
    await damage('content', brokenContent!.id)
    onBirds = async () => {
      if (asked.length === 0) return
      onBirds = () => {}
      await memory(changing).update(changed!.id, { content: 'a robin' }, user)
      await memory(changing).delete(removed!.id)
    }
    const report = await memory(withBirds).reembed()
    expect(report).toMatchObject({ entries: 3, reembedded: 0, left: 2 })
    expect([...report.broken].sort()).toEqual([brokenEntry!.id, brokenContent!.id].sort())
    expect((await memory(withBirds).get(changed!.id))?.content).toBe('a robin')
  })

  test('counts once what it looks at twice, when the policy changes meanwhile', async () => {
    const tenant = 'umbrella'
    await store.createTenant(tenant)
    const of = (keep: Keep) => store.memory({ tenant, subject, ...admin }, keep)
    const [removed] = await of(withBoats).addMany(many.map((content) => ({ content, ...user })))
    onBirds = async () => {
      if (asked.length === 0) return
      // Of the first batch one is gone when it is written; the second is written under a policy that no longer stands.
      if (asked.length === 1) await of(changing).delete(removed!.id)
      else {
        onBirds = () => {}
        await store.privileged().tenants.setPolicy(tenant, { ...defaultPolicy })
      }
    }
    const told: number[] = []
    const onProgress = ({ entries }: { entries: number }) => void told.push(entries)
    const report = await of(withBirds).reembed({ onProgress })
    expect(onBirds(), 'the policy was changed').toBeUndefined()
    expect(report).toMatchObject({ shelves: 1, entries: 99, reembedded: 99, left: 0, broken: [] })
    expect(Math.max(...told)).toBeLessThanOrEqual(100)
  })

  test('changes nothing of a memory: not its version, labels, history or times', async () => {
    const [heron] = await fill(['a heron'])
    const { id } = heron!
    await memory(withBoats).update(id, { content: 'the heron', tags: ['t'] }, user)
    const before = await memory(withBoats).history(id)
    store.clock.advance(5000)
    await memory(withBirds).reembed()
    expect(await memory(withBoats).history(id)).toEqual(before)
    const events = await store.database.query<{ affected: number; memories: string[] }>(
      "select affected, memories from memkeep.event where action = 'memory.reindex' and $1 = any (memories)",
      [id],
    )
    expect(events).toEqual([{ affected: 1, memories: [id] }])
  })

  test('gives words their stems when languages come', async () => {
    await fill(['she sails'], store.keep)
    const languages = {
      languageOf: () => 'en',
      language: () => ({ stem: (word: string) => word.replace(/(s|ing)$/, ''), isStopWord: () => false }),
    }
    const stemming = await store.open({ languages })
    const search = async () => (await memory(stemming).search('sailing')).memories.length
    expect(await search()).toBe(0)
    expect(await memory(stemming).reembed()).toMatchObject({ reembedded: 1 })
    expect(await search()).toBe(1)
    expect(await codeOf(memory(store.keep).reembed())).toBe('ERR_INPUT_INVALID')
  })

  test('needs to write, and to see and write every label; a scope of one session or agent cannot', async () => {
    await fill(four)
    for (const who of [{ roles: ['agent'] }, { roles: ['export'] }, { roles: [] }, { ...admin, session: 's' }]) {
      expect(await codeOf(memory(withBirds, who).reembed()), JSON.stringify(who)).toBe('ERR_ACCESS_DENIED')
    }
    const [refused] = await store.database.query<{ n: string }>(
      "select count(*) as n from memkeep.event where action = 'memory.reindex' and outcome = 'denied'",
    )
    expect(Number(refused!.n)).toBe(4)
    for (const who of [admin, { ...admin, rights: ['common' as const] }]) {
      const common = store.common(who, withBirds)
      expect(await codeOf(common.reembed())).toBe('none')
    }
  })

  test('of a whole tenant reaches every shelf of it and no other', async () => {
    const of = (tenant: string, who: string) => store.memory({ tenant, subject: who, ...admin }, withBoats)
    await store.createTenant('initech')
    for (const who of ['ana', '*', 'common']) await of('initech', who).add(`a heron of ${who}`, user)
    await store.common({ tenant: 'initech', ...admin }, withBoats).add('a heron of all', user)
    await of('globex', 'ana').add('a heron of another', user)
    const wide = store.wide({ tenant: 'initech', ...admin }, withBirds)
    expect(await wide.reembed()).toMatchObject({ shelves: 4, entries: 4, reembedded: 4, unnamed: 0 })
    expect(asked.filter((text) => text.startsWith('a heron'))).toHaveLength(4)
    expect((await wide.search('QUERY')).memories).toHaveLength(4)
    const narrow = store.wide({ tenant: 'initech', roles: ['agent'], rights: ['tenant'] }, withBirds)
    expect(await codeOf(narrow.reembed())).toBe('ERR_ACCESS_DENIED')
  })
})
