import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Connector } from '../../src/connectors/connector.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, grantOf } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// An outside store that lets whoever asks wait, and many erasures that are open: upkeep has other work too.

let store: TestKeep
let asked: string[] = []
let isDown = true
const connector: Connector = {
  name: 'slow',
  patience: { retries: 0 },
  inventory: async () => 0,
  verify: async () => 0,
  async erase({ subject }) {
    asked.push(subject!)
    if (!isDown) return 0
    store.clock.advance(30_000)
    throw new Error('no answer')
  },
}
beforeEach(async () => {
  ;[asked, isDown] = [[], true]
  store = await TestKeep.start({ connectors: [connector] })
})
afterEach(() => store[Symbol.asyncDispose]())

const subjects = ['s0', 's1', 's2', 's3', 's4']
const erasures = () => store.keep.privileged(grantOf('erase')).erasures

async function openErasures(): Promise<string[]> {
  const ids: string[] = []
  for (const subject of subjects) {
    const erasure = await store.keep.eraseSubject(adminOf(subject), { reason: 'request' })
    expect(await codeOf(erasure.done)).toBe('ERR_ERASURE_INCOMPLETE')
    ids.push(erasure.id)
  }
  return ids
}

test('a pass of upkeep waits for it a minute or so, and each erasure has its turn', async () => {
  const ids = await openErasures()
  const turns: string[][] = []
  for (let pass = 0; pass < 5; pass++) {
    asked = []
    store.clock.advance(60_001)
    expect(await codeOf(store.keep.runUpkeep())).toBe('ERR_ERASURE_INCOMPLETE')
    turns.push(asked)
  }
  expect(turns.map((turn) => turn.length)).toEqual([2, 2, 2, 2, 2])
  expect(new Set(turns.slice(0, 3).flat())).toEqual(new Set(subjects))
  isDown = false
  for (let pass = 0; pass < 4; pass++) {
    store.clock.advance(300_001)
    await store.keep.runUpkeep()
  }
  for (const id of ids) expect(await erasures().show(id)).toMatchObject({ state: 'done' })
}, 60_000)

test('one that the rows alone say to be held for longer than any process holds one is gone on with', async () => {
  const [id] = await openErasures()
  isDown = false
  await store.database.query('update memkeep.erasure set held_until_ms = 9e15 where id = $1', [id])
  for (let pass = 0; pass < 4; pass++) {
    store.clock.advance(300_001)
    await store.keep.runUpkeep()
  }
  expect(await erasures().show(id!)).toMatchObject({ state: 'done' })
}, 60_000)
