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
