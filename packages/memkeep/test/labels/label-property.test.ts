import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sayOtherBuild } from '../../../../test/database.ts'
import type { Keep } from '../../src/index.ts'
import { doorwayFiles, guardFiles } from '../../src/store/schema.ts'
import { amount, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'
import { Block, type Violation } from './block.ts'
import { type Graph, graphs, lines } from './graphs.ts'

// `minTrust: t` returns nothing below t nor anything made from below t, whatever was deleted, rejected, held, released, endorsed, revised or
// superseded; and all else it does return. Of statements that supersede one another it returns the newest that is not below t, and that one alone. Every graph
// goes through PostgreSQL.

const perBlock = 100
const blocks = amount('MEMKEEP_LABEL_BLOCKS', 100)
const lineBlocks = amount('MEMKEEP_LINE_BLOCKS', 20)
const lanes = 4

interface Stage {
  readonly store: TestKeep
  /** Holds what is caught when it is recalled; the other keep sees no harm in anything. */
  readonly screening: Keep
}

async function start(): Promise<Stage> {
  const lax = { screening: { flagAt: null, quarantineAt: null }, limits: { results: 1000 } }
  const store = await TestKeep.start(lax)
  const screening = await store.open({
    limits: { results: 1000 },
    screener: {
      name: 'catcher',
      screen: ({ content, moment }) => ({
        score: moment === 'recall' && content.includes('caught') ? 1 : 0,
        reasons: [],
      }),
    },
  })
  return { store, screening }
}

let subjects = 0
const runBlock = ({ store, screening }: Stage, block: readonly Graph[]): Promise<Violation[]> =>
  new Block(store, screening, `subject ${++subjects}`, block).run()
const someLines = fc.array(lines, { minLength: perBlock, maxLength: perBlock })
const someGraphs = fc.array(graphs, { minLength: perBlock, maxLength: perBlock })

test(`${blocks * perBlock} graphs (seed ${seed})`, { timeout: 900_000 }, async () => {
  const whole = await start()
  const lane = (number: number) =>
    fc.assert(
      fc.asyncProperty(someGraphs, async (block) => {
        expect(await runBlock(whole, block)).toEqual([])
      }),
      { seed: seed + number, numRuns: Math.ceil(blocks / lanes), endOnFailure: true },
    )
  try {
    await Promise.all(Array.from({ length: Math.min(lanes, blocks) }, (_, number) => lane(number)))
  } finally {
    await whole.store[Symbol.asyncDispose]()
  }
})

test(`${lineBlocks * perBlock} lines of statements (seed ${seed})`, { timeout: 600_000 }, async () => {
  const whole = await start()
  try {
    await fc.assert(
      fc.asyncProperty(someLines, async (block) => {
        expect(await runBlock(whole, block)).toEqual([])
      }),
      { seed, numRuns: lineBlocks, endOnFailure: true },
    )
  } finally {
    await whole.store[Symbol.asyncDispose]()
  }
})

// The same, where a newer statement takes what it superseded from every line for good; and where endorsing it does not take it away again.
test.each([
  ['that weighs no line', 'weigh_lines', 'if changed is null then', 'if true then', 'missing'],
  [
    'that weighs none that was endorsed',
    'endorse',
    'perform memkeep.weigh_lines(c, c.shelf, array[p_id]);',
    '',
    'too low',
  ],
])('lines of statements fail with a database %s', async (_, name, wall, hole, what) => {
  const torn = await start()
  try {
    await tearDown(torn.store, name, wall, hole)
    let found: Violation[] = []
    for (const block of fc.sample(someLines, { seed, numRuns: 60 })) {
      // Nothing is made of them here: what is not found is no source, and the call would be refused.
      const plain = block.map(({ nodes, acts }) => ({
        nodes,
        acts: acts.map((act) => (act.kind === 'derive' ? { ...act, kind: 'endorse' as const } : act)),
      }))
      found = (await runBlock(torn, plain)).filter((violation) => violation.what === what)
      if (found.length > 0) break
    }
    expect(found).not.toEqual([])
  } finally {
    await torn.store[Symbol.asyncDispose]()
  }
})

// The same, where a wall was taken away: if it passes there, it looks at nothing.
test.each([
  ['that lowers nothing', 'lower_trust', 'm.trust > p_trust', 'false'],
  ['that asks no source', 'remember', 'trusts[m] := least(trusts[m], of_sources);', ''],
  ['whose revisions lower nothing', 'revise', 'if trust < old.trust then', 'if false then'],
])('it fails with a database %s', async (_, name, wall, hole) => {
  const torn = await start()
  try {
    await tearDown(torn.store, name, wall, hole)
    let found: Violation[] = []
    for (const block of fc.sample(someGraphs, { seed, numRuns: 5 })) {
      // Nothing supersedes here: what is trusted more than it must be is not to be superseded, and the call would be refused.
      const plain = block.map(({ nodes, acts }) => ({
        nodes,
        acts: acts.map((act) => (act.kind === 'supersede' ? { ...act, kind: 'update' as const } : act)),
      }))
      found = (await runBlock(torn, plain)).filter(({ what }) => what === 'too low')
      if (found.length > 0) break
    }
    expect(found).not.toEqual([])
  } finally {
    await torn.store[Symbol.asyncDispose]()
  }
})

async function tearDown({ database }: TestKeep, name: string, wall: string, hole: string): Promise<void> {
  const file = [...guardFiles(), ...doorwayFiles()].find(({ text }) => text.includes(`function memkeep.${name}(`))!
  const torn = file.text.replaceAll(wall, hole)
  expect(torn).not.toBe(file.text)
  await sayOtherBuild(database)
  await database.query(torn)
}
