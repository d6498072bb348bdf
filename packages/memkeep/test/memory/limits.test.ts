import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, codesOf, errorOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const
const kib = 1024

describe('at its limit a call passes, one beyond it is refused', () => {
  const memory = () => store.memory({ subject: 'limits' })
  const cases: readonly [string, (over: number) => Promise<unknown>][] = [
    ['content of 32 KiB', (over) => memory().add('x'.repeat(32 * kib + over), user)],
    ['content of 32 KiB in two-byte characters', (over) => memory().add('é'.repeat(16 * kib + over), user)],
    [
      'content of an update',
      async (over) => {
        const { id } = await memory().add('x', user)
        await memory().update(id, { content: 'x'.repeat(32 * kib + over) }, user)
      },
    ],
    ['metadata of 8 KiB', (over) => memory().add('x', { ...user, metadata: { a: 'x'.repeat(8 * kib - 8 + over) } })],
    ['32 tags', (over) => memory().add('x', { ...user, tags: Array.from({ length: 32 + over }, (_, n) => `t${n}`) })],
    ['tags of 128 characters', (over) => memory().add('x', { ...user, tags: ['\u{1f680}'.repeat(128 + over)] })],
    [
      'tags of an update',
      async (over) => {
        const { id } = await memory().add('x', user)
        await memory().update(id, { tags: ['x'.repeat(128 + over)] }, user)
      },
    ],
    ['a query of 8 KiB', (over) => memory().search('x'.repeat(8 * kib + over))],
    ['100 results of a search', (over) => memory().search('x', { limit: 100 + over })],
    ['100 results of a list', (over) => memory().list({ limit: 100 + over })],
    [
      '1,000 memories of addMany',
      (over) =>
        store
          .memory({ subject: 'crowd' })
          .addMany(Array.from({ length: 1000 + over }, () => ({ content: 'x', ...user }))),
    ],
    [
      '1,000 turns of addMessages',
      (over) =>
        store.memory({ subject: 'crowd' }).addMessages(
          Array.from({ length: 1000 + over }, () => ({ role: 'user' as const, content: 'x' })),
          { session: 's' },
        ),
    ],
    [
      '64 sources',
      async (over) => {
        const batch = Array.from({ length: 64 + over }, () => ({ content: 'x', ...user }))
        const sources = await store.memory({ subject: 'sources' }).addMany(batch)
        await store.memory({ subject: 'sources' }).add('x', { ...user, derivedFrom: sources.map(({ id }) => id) })
      },
    ],
  ]
  test.each(cases)('%s', async (_, call) => {
    expect(await codeOf(call(0))).toBe('none')
    const error = await errorOf(call(1))
    expect(error.code).toBe('ERR_INPUT_TOO_LARGE')
    expect(error.message).not.toMatch(/xx|éé|\u{1f680}/u)
  })
})

test('limits are configured, each by itself', async () => {
  const limits = { contentBytes: 4, metadataBytes: 12, tags: 1, tagChars: 2, queryBytes: 3, results: 2, batch: 2 }
  const keep = await store.open({ limits })
  const memory = store.memory({ subject: 'configured' }, keep)
  const turn = { role: 'user', content: 'x' } as const
  const refused = [
    memory.add('12345', user),
    memory.add('x', { ...user, metadata: { abcdefgh: 1 } }),
    memory.add('x', { ...user, tags: ['a', 'b'] }),
    memory.add('x', { ...user, tags: ['abc'] }),
    memory.search('1234'),
    memory.search('x', { limit: 3 }),
    memory.list({ limit: 3 }),
    memory.addMany([1, 2, 3].map(() => ({ content: 'x', ...user }))),
    memory.addMessages([turn, turn, turn], { session: 's' }),
  ]
  expect(new Set(await codesOf(refused))).toEqual(new Set(['ERR_INPUT_TOO_LARGE']))
  await memory.addMany([
    { content: '1234', ...user, tags: ['ab'], metadata: { a: 'xxxx' } },
    { content: 'x', ...user },
  ])
  expect((await memory.list()).items).toHaveLength(2)
})

test('a memory has no more versions than that, nor has a line of statements that supersede one another', async () => {
  const keep = await store.open({ limits: { versions: 3 } })
  const memory = store.memory({ subject: 'versions', roles: ['admin'] }, keep)
  const [{ id }, other] = [await memory.add('first', user), await memory.add('other', user)]
  for (const tag of ['b', 'c']) await memory.update(id, { tags: [tag] }, user)
  const full = [
    memory.update(id, { tags: ['d'] }, user),
    memory.update(id, { tags: ['d'], sensitivity: 'sensitive' }, user),
    memory.add('newer', { ...user, supersedes: id }),
  ]
  expect(await codesOf(full)).toEqual(full.map(() => 'ERR_QUOTA_EXCEEDED'))
  expect(await memory.history(id)).toHaveLength(3)
  // Whoever may write could fill them, so what hides a memory, ends it sooner, or is a reviewer's, is not refused for that.
  expect(await memory.endorse(id, { ifVersion: 3 })).toMatchObject({ version: 4, trust: 'agent' })
  expect(await memory.update(id, { sensitivity: 'sensitive' }, user)).toMatchObject({ version: 5 })
  const end = (ms: number) => ({ expiresAt: new Date(store.clock.nowMs + ms) })
  expect(await memory.update(id, end(1000), user)).toMatchObject({ version: 6 })
  expect(await memory.update(id, end(500), user)).toMatchObject({ version: 7 })
  const more = [end(499), end(1000), { sensitivity: 'sensitive' as const }, { sensitivity: 'public' as const }]
  for (const patch of [...more, { expiresAt: null }, {}]) {
    expect(await codeOf(memory.update(id, patch, user))).toBe('ERR_QUOTA_EXCEEDED')
  }
  const newer = await memory.add('other, newer', { ...user, supersedes: other.id })
  await memory.update(newer.id, { tags: ['b'] }, user)
  expect(await codeOf(memory.add('other, newest', { ...user, supersedes: newer.id }))).toBe('ERR_QUOTA_EXCEEDED')
  expect(await memory.history(newer.id)).toHaveLength(3)
})

test('an export brings every memory with every version, however many these are, a page after another', async () => {
  const memory = store.memory({ subject: 'revised often', roles: ['admin'] })
  const receipts = await memory.addMany(['a', 'b', 'c'].map((content) => ({ content, ...user })))
  // 402 versions of two memories end the first page: the third is on the next.
  const revise = async ({ id }: { id: string }) => {
    for (let number = 0; number < 200; number++) await memory.update(id, { metadata: { number } }, user)
  }
  await Promise.all(receipts.slice(0, 2).map(revise))
  const records = []
  for await (const record of memory.export()) records.push(record)
  const currents = records.flatMap((record) => (record.type === 'memory' && record.current ? [record.content] : []))
  expect(currents.sort()).toEqual(['a', 'b', 'c'])
  expect(records.at(-1)).toEqual({ type: 'counts', memories: 3, versions: 400 })
  const pages = await store.database.query<{ affected: number }>(
    "select affected from memkeep.event where action = 'memory.export' order by id desc limit 2",
  )
  expect(pages.map(({ affected }) => affected)).toEqual([1, 402])
})

test('a limit that is no limit is refused', async () => {
  for (const limits of [
    { contentBytes: undefined },
    { contentBytes: Number.NaN },
    { tags: -1 },
    { results: 0 },
    { batch: '5' },
    { contents: 5 },
  ]) {
    expect(await codeOf(store.open({ limits: limits as object }))).toBe('ERR_INPUT_INVALID')
  }
})

describe('what is not of its shape is refused', () => {
  const memory = () => store.memory({ subject: 'shapes' })
  const text = ['', ' \n\t', 'a\u0000b', '\ud800', 7, null, undefined, {}, ['x'], new String('x')]

  test('content, query, tag, source', async () => {
    for (const bad of text) {
      const value = bad as string
      expect(await codeOf(memory().add(value, user))).toBe('ERR_INPUT_INVALID')
      expect(await codeOf(memory().search(value))).toBe('ERR_INPUT_INVALID')
      expect(await codeOf(memory().add('x', { ...user, tags: [value] }))).toBe('ERR_INPUT_INVALID')
      if (bad !== undefined)
        expect(await codeOf(memory().add('x', { ...user, source: value }))).toBe('ERR_INPUT_INVALID')
    }
  })

  test('metadata that JSON would change, drop or loop on', async () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { d: deep(levels - 1) })
    const values = [
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      () => 1,
      Symbol('x'),
      new Date(),
      new Map(),
      '\ud800',
      'a\u0000',
      loop,
    ]
    const dropped = [-0, Object.assign([1], { x: 1 }), { [Symbol('x')]: 1 }, new Array(2)]
    const hidden = Object.defineProperty({}, 'x', { value: 1, enumerable: false })
    for (const value of [
      ...values,
      ...dropped,
      hidden,
      deep(40),
      [undefined],
      { toJSON: () => 'other' },
      Buffer.from('x'),
    ]) {
      expect(await codeOf(memory().add('x', { ...user, metadata: { value } as never }))).toBe('ERR_INPUT_INVALID')
    }
    for (const metadata of [[], 'x', 7, null, new Date(), new Map([['a', 1]]), { '\ud800': 1 }]) {
      expect(await codeOf(memory().add('x', { ...user, metadata: metadata as never }))).toBe('ERR_INPUT_INVALID')
    }
  })

  test('actor, sensitivity, kind, tags, sources, times, ids', async () => {
    const bads: object[] = [
      ...['', 'admin', 'User', undefined, null, 0, ['user']].map((actor) => ({ actor })),
      ...['', 'secret', null, 2].map((sensitivity) => ({ sensitivity })),
      ...['', 'A', '1a', 'a b', 'a'.repeat(33), 'é', 'a\n', null, 7].map((kind) => ({ kind })),
      ...['x', null, {}, [7], [null]].map((tags) => ({ tags })),
      ...['x', ['x'], [7], ['01890000-0000-7000-8000-00000000000G'], [null]].map((derivedFrom) => ({ derivedFrom })),
      ...['2025-01-01', 5, null, new Date(Number.NaN)].map((at) => ({ at })),
    ]
    for (const bad of bads)
      expect(await codeOf(memory().add('x', { ...user, ...bad } as never))).toBe('ERR_INPUT_INVALID')
    for (const limit of [0, -1, 1.5, '5', Number.NaN, null]) {
      expect(await codeOf(memory().search('x', { limit: limit as number }))).toBe('ERR_INPUT_INVALID')
      expect(await codeOf(memory().list({ limit: limit as number }))).toBe('ERR_INPUT_INVALID')
    }
    for (const bad of [
      { minTrust: 'high' },
      { sensitivity: 'private' },
      { sensitivity: ['secret'] },
      { since: 5 },
      { until: 'x' },
      { kinds: 'fact' },
      { kinds: ['A B'] },
      { tags: 'x' },
    ]) {
      expect(await codeOf(memory().search('x', bad as never))).toBe('ERR_INPUT_INVALID')
    }
    for (const id of [undefined, null, 7, {}, ['x']]) {
      for (const call of [memory().get(id as never), memory().history(id as never), memory().delete(id as never)]) {
        expect(await codeOf(call)).toBe('ERR_INPUT_INVALID')
      }
      expect(await codeOf(memory().update(id as never, {}, user))).toBe('ERR_INPUT_INVALID')
    }
  })

  test('a year beyond four digits, or before the first: no reader of an answer knows such a date', async () => {
    const dated = store.memory({ subject: 'dates' })
    const { id } = await dated.add('x', user)
    const ends = ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'].map((text) => new Date(text))
    const beyond = [new Date(ends[0]!.getTime() - 1), new Date(ends[1]!.getTime() + 1), new Date(8.64e15)]
    for (const date of beyond) {
      const calls = [
        dated.add('x', { ...user, at: date }),
        dated.add('x', { ...user, expiresAt: date }),
        dated.update(id, { expiresAt: date }, user),
        dated.addMessages(
          [
            { role: 'user', content: 'x', at: date },
            { role: 'user', content: 'y' },
          ],
          { session: 's' },
        ),
        dated.search('x', { since: date }),
        dated.search('x', { until: date }),
      ]
      expect(new Set(await codesOf(calls))).toEqual(new Set(['ERR_INPUT_INVALID']))
    }
    // The turn behind the last moment there is would stand beyond it.
    const behind = [{ role: 'user', content: 'x', at: ends[1]! } as const, { role: 'user', content: 'y' } as const]
    expect(await codeOf(dated.addMessages(behind, { session: 's' }))).toBe('ERR_INPUT_INVALID')
    const [first, last] = await dated.addMany(ends.map((at, n) => ({ content: `at end ${n}`, ...user, at })))
    expect((await dated.get(first!.id))?.at).toEqual(ends[0])
    expect((await dated.get(last!.id))?.at).toEqual(ends[1])
    const found = await dated.search('end', { since: ends[0]!, until: ends[1]! })
    expect(found.memories.map(({ content }) => content)).toEqual(['at end 0'])
  })

  test('an option that nobody knows is refused by every verb', async () => {
    const bad = { tenant: 'globex' } as never
    const { id } = await memory().add('x', user)
    const calls = [
      memory().add('x', { ...user, ...(bad as object) } as never),
      memory().add('x', { ...user, content: 'y' } as never),
      memory().add('x', { ...user, trust: 'system' } as never),
      memory().add('x', undefined as never),
      memory().addMany([{ content: 'x', ...user, id: 'x' } as never]),
      memory().addMany([{ content: 'x', ...user }], bad),
      memory().addMany([{ content: 'x', ...user, idempotencyKey: 'k' } as never]),
      memory().addMessages([{ role: 'user', content: 'x' }], { session: 's', ...(bad as object) } as never),
      memory().search('x', bad),
      memory().search('x', { subject: '*' } as never),
      memory().search('x', null as never),
      memory().list(bad),
      memory().list([] as never),
      memory().update(id, bad, user),
      memory().update(id, { trust: 'system' } as never, user),
      memory().update(id, {}, { ...user, ...(bad as object) } as never),
      memory().update(id, {}, undefined as never),
      memory().deleteMany({ all: true, ...(bad as object) } as never),
    ]
    expect(new Set(await codesOf(calls))).toEqual(new Set(['ERR_INPUT_INVALID']))
    expect((await memory().list()).items.map((each) => each.version)).toEqual([1])
  })

  test.each([
    ['shelfBudgetBytes', [0, -1, 1.5, Number.NaN, '200000', null]],
    ['acceptOldServer', ['no', 1, null]],
    ['supportNeedsSecond', ['yes', 1, null]],
  ])('openMemkeep refuses a wrong %s', async (name, values) => {
    for (const value of values)
      await expect(store.open({ [name]: value })).rejects.toMatchObject({
        code: 'ERR_INPUT_INVALID',
        message: expect.stringContaining(name),
      })
  })

  test('a value that changes while it is read is taken once', async () => {
    const { id } = await memory().add('shifting', user)
    const shifty = <T>(...values: T[]) => {
      let reads = 0
      return () => values[Math.min(reads++, values.length - 1)]
    }
    const content = shifty<unknown>('fine', 7)
    await memory().update(id, Object.defineProperty({}, 'content', { get: content, enumerable: true }) as never, user)
    expect(typeof (await memory().get(id))?.content).toBe('string')
    const when = new Date(store.clock.nowMs + 1000)
    await memory().update(id, { expiresAt: when }, user)
  })
})
