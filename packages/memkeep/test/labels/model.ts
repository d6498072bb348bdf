import type { Actor, Trust } from '../../src/index.ts'
import type { Act, Graph } from './graphs.ts'

// What a memory is trusted, told from what has happened: the kernel pushes a fall along the lineage when it happens, this looks back along it when
// it is asked. They share no code and no idea of how to do it.

export const order: readonly Trust[] = ['external', 'user', 'agent', 'system']
const ceiling: Readonly<Record<Actor, Trust>> = { tool: 'external', user: 'user', agent: 'agent', system: 'system' }
const least = (trusts: readonly Trust[]): Trust => order[Math.min(...trusts.map((trust) => order.indexOf(trust)))]!
const below = (a: Trust, b: Trust): boolean => order.indexOf(a) < order.indexOf(b)

export interface ModelNode {
  readonly actor: Actor
  readonly sources: readonly number[]
  readonly born: number
  supersedes: number | null
  state: 'stands' | 'held' | 'superseded' | 'gone'
  raised: number | null
  /** Whether somebody has looked at the version that stands: the screen does not hold it. */
  reviewed: boolean
}

interface Fall {
  readonly node: number
  readonly at: number
  readonly to: Trust
}

/** One graph and its history. A node is named by its place. */
export class GraphModel {
  readonly nodes: ModelNode[] = []
  readonly #falls: Fall[] = []
  #now = 0

  constructor({ nodes }: Graph) {
    for (const { actor, sources } of nodes) this.#put(actor, sources, null)
  }

  /** What is trusted at least so much and can be found: of statements that supersede one another, the newest of these. */
  above(line: Trust): number[] {
    const isAbove = (place: number) => !below(this.trustOf(place), line)
    return this.nodes.flatMap(({ state }, place) =>
      isAbove(place) && (state === 'stands' || (state === 'superseded' && !this.#newerThan(place).some(isAbove)))
        ? [place]
        : [],
    )
  }

  /** Whether some line finds it. */
  isFound(place: number): boolean {
    return this.above(this.trustOf(place)).includes(place)
  }

  /** As it stands, or as it stood before that moment. */
  trustOf(place: number, before = Number.POSITIVE_INFINITY): Trust {
    const { actor, sources, born, raised } = this.nodes[place]!
    const isRaised = raised !== null && raised < before
    const since = isRaised ? raised : born
    const own: Trust = isRaised
      ? 'agent'
      : least([ceiling[actor], ...sources.map((source) => this.trustOf(source, born))])
    const behind = this.#ancestors(place)
    const fallen = this.#falls.filter(
      ({ node, at }) => at > since && at < before && (node === place || behind.has(node)),
    )
    return least([own, ...fallen.map(({ to }) => to)])
  }

  /** Whether the act would be taken: the kernel refuses some, and a batch with them. */
  allows(act: Act): boolean {
    const node = this.nodes[act.node]
    if (node === undefined) return false
    if (act.kind === 'release' || act.kind === 'reject') return node.state === 'held'
    if (node.state === 'superseded' && (act.kind === 'derive' || act.kind === 'delete')) return this.isFound(act.node)
    if (node.state !== 'stands') return false
    return act.kind !== 'supersede' || !below(ceiling[act.actor], this.trustOf(act.node))
  }

  /** Does an allowed act. Returns the place of the node that it made, or null. */
  do(act: Act): number | null {
    this.#now++
    const node = this.nodes[act.node]!
    if (act.kind === 'derive') return this.#put(act.actor, [act.node], null)
    if (act.kind === 'supersede') {
      node.state = 'superseded'
      return this.#put(act.actor, [], act.node)
    }
    if (act.kind === 'hold' && !node.reviewed) node.state = 'held'
    if (act.kind === 'release') Object.assign(node, { state: 'stands', reviewed: true })
    if (act.kind === 'delete') this.#remove(act.node)
    if (act.kind === 'reject') {
      if (node.supersedes !== null) this.nodes[node.supersedes]!.state = 'stands'
      this.#lose(act.node)
    }
    if (act.kind === 'endorse' && below(this.trustOf(act.node), 'agent'))
      Object.assign(node, { raised: this.#now, reviewed: true })
    // An update changes no word of it, so whoever has looked at it has looked at what stands; nobody has at what is reworded.
    if (act.kind === 'rewrite') node.reviewed = false
    if ((act.kind === 'update' || act.kind === 'rewrite') && below(ceiling[act.actor], this.trustOf(act.node)))
      this.#fall(act.node, ceiling[act.actor])
    return null
  }

  /** Was it, or anything that it came from, ever raised? */
  isEndorsed(place: number): boolean {
    return [place, ...this.#ancestors(place)].some((each) => this.nodes[each]!.raised !== null)
  }

  /** Everything that it came from. */
  ancestorsOf(place: number): number[] {
    return [...this.#ancestors(place)]
  }

  #put(actor: Actor, sources: readonly number[], supersedes: number | null): number {
    this.#now++
    return (
      this.nodes.push({ actor, sources, born: this.#now, supersedes, state: 'stands', raised: null, reviewed: false }) -
      1
    )
  }

  /** With all that it superseded, but for what some line finds: that takes its place. */
  #remove(place: number): void {
    const newer = this.#newerThan(place)[0]
    let at: number | null = place
    const gone: number[] = []
    while (at !== null && (at === place || !this.isFound(at))) {
      gone.push(at)
      at = this.nodes[at]!.supersedes
    }
    for (const each of gone) this.#lose(each)
    if (newer !== undefined) Object.assign(this.nodes[newer]!, { supersedes: at })
    else if (at !== null) this.nodes[at]!.state = 'stands'
  }

  /** What took its place, and what took the place of that, and so on. */
  #newerThan(place: number): number[] {
    const newer = this.nodes.findIndex(({ supersedes, state }) => supersedes === place && state !== 'gone')
    return newer === -1 ? [] : [newer, ...this.#newerThan(newer)]
  }

  #lose(place: number): void {
    this.nodes[place]!.state = 'gone'
    this.#fall(place, 'external')
  }

  #fall(node: number, to: Trust): void {
    this.#falls.push({ node, at: this.#now, to })
  }

  #ancestors(place: number, seen = new Set<number>()): Set<number> {
    for (const source of this.nodes[place]!.sources) {
      if (seen.has(source)) continue
      seen.add(source)
      this.#ancestors(source, seen)
    }
    return seen
  }
}
