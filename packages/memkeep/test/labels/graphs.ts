import fc from 'fast-check'
import type { Actor } from '../../src/index.ts'

const actors: readonly Actor[] = ['user', 'agent', 'system', 'tool']

/** A memory, and the places in its graph of those that it is made from: earlier ones. */
export interface Node {
  readonly actor: Actor
  readonly sources: readonly number[]
}

/** What happens to one memory of a graph; what it has no effect on it leaves as it is. */
export interface Act {
  readonly kind: 'delete' | 'hold' | 'release' | 'reject' | 'endorse' | 'update' | 'rewrite' | 'derive' | 'supersede'
  readonly node: number
  /** Of a new version, of a memory made from it, of one that takes its place. */
  readonly actor: Actor
}

export interface Graph {
  readonly nodes: readonly Node[]
  /** One after the other. */
  readonly acts: readonly Act[]
}

export const mostNodes = 5
export const rounds = 3
const lineRounds = 7

const actor = fc.constantFrom(...actors)
const node = fc.record({ actor, sources: fc.array(fc.nat(mostNodes - 1), { maxLength: 2 }) })
const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom<Act['kind'][]>(
    'delete',
    'hold',
    'release',
    'reject',
    'endorse',
    'update',
    'rewrite',
    'derive',
    'supersede',
  ),
  node: fc.nat(mostNodes + rounds - 1),
  actor,
})

/**
 * One or two memories, the first of which is superseded at once; then its line grows longer, and what stands in it is revised, endorsed, held, rejected and
 * deleted, from whichever end. What names a memory that is not there yet has no effect.
 */
export const lines: fc.Arbitrary<Graph> = fc
  .record({
    nodes: fc.array(actor, { minLength: 1, maxLength: 2 }),
    first: actor,
    acts: fc.array(
      fc.record({
        kind: fc.constantFrom<Act['kind'][]>(
          ...(['supersede', 'supersede', 'update', 'update', 'endorse'] as const),
          ...(['delete', 'hold', 'release', 'reject', 'derive'] as const),
        ),
        node: fc.nat(lineRounds - 1),
        actor,
      }),
      { minLength: lineRounds - 1, maxLength: lineRounds - 1 },
    ),
  })
  .map(({ nodes, first, acts }) => ({
    nodes: nodes.map((each, place) => ({ actor: each, sources: Array.from({ length: place }, () => 0) })),
    acts: [{ kind: 'supersede', node: 0, actor: first }, ...acts],
  }))

/** Small graphs of any shape: chains, diamonds, forests. What happens, happens to one of their memories or to the first that was added to them. */
export const graphs: fc.Arbitrary<Graph> = fc
  .record({
    nodes: fc.array(node, { minLength: 1, maxLength: mostNodes }),
    acts: fc.array(act, { minLength: rounds, maxLength: rounds }),
  })
  .map(({ nodes, acts }) => ({
    acts: acts.map((each) => ({ ...each, node: each.node % (nodes.length + 1) })),
    nodes: nodes.map(({ actor, sources }, place) => ({
      actor,
      sources: place === 0 ? [] : [...new Set(sources.map((at) => at % place))],
    })),
  }))
