import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MemoryPatch } from '../../src/index.ts'
import { endorse } from '../../src/memory/endorse.ts'
import type { Kernel } from '../../src/memory/kernel.ts'
import { list } from '../../src/memory/list.ts'
import { search } from '../../src/memory/search.ts'
import type { DoorwayCall, Doorways } from '../../src/store/doorways.ts'
import { codeOf } from '../support/code-of.ts'
import { claimsOf, kernelOn } from '../support/kernel-on.ts'
import { TestKeep } from '../support/test-keep.ts'

// With no room for shelves the second look is not exact: the choice is made on a shelf that is older than the rows.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const

/** The kernel, with `change` done just before it first calls this doorway. */
function changedBefore(doorway: string, kernel: Kernel, change: () => Promise<unknown>): Kernel {
  let changed = false
  const after =
    (way: 'read' | 'call') =>
    async (call: DoorwayCall): Promise<unknown> => {
      if (call.doorway === doorway && !changed) {
        changed = true
        await change()
      }
      return kernel.doorways[way](call)
    }
  const doorways = new Proxy(kernel.doorways, {
    get: (target, name) => (name === 'read' || name === 'call' ? after(name) : Reflect.get(target, name).bind(target)),
  }) as Doorways
  return { ...kernel, doorways }
}

test.each<[string, object, MemoryPatch]>([
  ['tags', { tags: ['open'] }, { tags: ['closed'] }],
  ['sensitivity', { sensitivity: ['private'] }, { sensitivity: 'sensitive' }],
])('a memory whose %s no longer pass when it is opened is not returned', async (name, filter, patch) => {
  const subject = `ana ${name}`
  const memory = store.memory({ subject, roles: ['admin'] })
  const claims = claimsOf('acme', subject, ['admin'])
  await using tight = kernelOn(store, { budgetBytes: 1 })
  const asked = {
    search: async (kernel: Kernel) => (await search(kernel, claims, 'zebra', filter)).memories,
    list: async (kernel: Kernel) => (await list(kernel, claims, filter)).items,
  }
  for (const ask of Object.values(asked)) {
    const { id } = await memory.add('the zebra', { ...user, tags: ['open'] })
    expect((await ask(tight.kernel)).map((each) => each.id)).toEqual([id])
    const change = () => memory.update(id, patch, user)
    expect(await ask(changedBefore('recall', tight.kernel, change))).toEqual([])
    // It was chosen and came back: without the second look at its labels it would have been the answer.
    expect(tight.trips.at(-1)).toMatchObject({
      doorway: 'recall',
      rows: expect.arrayContaining([expect.objectContaining({ id })]),
    })
    await memory.delete(id)
  }
})

test('a memory that falls while it is endorsed is endorsed only by whoever did not say what it was trusted', async () => {
  const memory = store.memory({ subject: 'ben', roles: ['admin'] })
  const claims = claimsOf('acme', 'ben', ['admin'])
  await using held = kernelOn(store, { budgetBytes: 2 ** 20 })
  for (const [read, outcome] of [
    [{ ifTrust: 'user' }, 'ERR_VERSION_CONFLICT'],
    [{}, undefined],
  ] as const) {
    const { id: source } = await memory.add('said', user)
    const { id } = await memory.add('made', { actor: 'agent', derivedFrom: [source] })
    const falling = changedBefore('endorse', held.kernel, () => memory.delete(source))
    const answer = endorse(falling, claims, id, read)
    if (outcome === undefined) expect(await answer).toMatchObject({ trust: 'agent' })
    else expect(await codeOf(answer)).toBe(outcome)
  }
})
