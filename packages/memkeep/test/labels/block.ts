import type { AddInput, Keep, ScopedMemory, Trust } from '../../src/index.ts'
import type { TestKeep } from '../support/test-keep.ts'
import type { Act, Graph } from './graphs.ts'
import { GraphModel, order } from './model.ts'

const every = ['user', 'agent', 'system', 'tool'] as const

/** A memory of a graph: which of the block, and its place in it. */
interface Which {
  readonly graph: number
  readonly node: number
}

/** What a search at a line brought that it must not, or did not bring that it must. */
export interface Violation {
  readonly line: Trust
  readonly graph: number
  readonly what: 'too low' | 'from too low' | 'missing'
}

/**
 * Many graphs on one shelf, so that what happens to all of them in a round takes a few calls. They share no memory, so none knows of another.
 * `screening` is a keep that holds, when it recalls it, what says the word `caught`.
 */
export class Block {
  readonly #memory: ScopedMemory
  /** Of others: who writes here was shown nothing, so what names no sources is its author's. */
  readonly #reader: ScopedMemory
  readonly #screening: ScopedMemory
  readonly #graphs: readonly Graph[]
  readonly #models: GraphModel[] = []
  readonly #ids = new Map<string, string>()
  readonly #which = new Map<string, Which>()
  /** By id: whoever endorses says what was read. */
  readonly #versions = new Map<string, number>()

  constructor(store: TestKeep, screening: Keep, subject: string, graphs: readonly Graph[]) {
    const who = { subject, roles: ['admin'], actors: every }
    this.#memory = store.memory(who)
    this.#reader = store.memory({ ...who, principal: 'reader' })
    this.#screening = store.memory({ ...who, principal: 'catcher' }, screening)
    this.#graphs = graphs
  }

  /** Everything that went wrong; empty when nothing did. */
  async run(): Promise<Violation[]> {
    await this.#make()
    const violations = await this.#look()
    const rounds = Math.max(...this.#graphs.map(({ acts }) => acts.length))
    for (let round = 0; round < rounds; round++) {
      await this.#act(round)
      if (round > 0) violations.push(...(await this.#look()))
    }
    return violations
  }

  /** Layer by layer: what a memory is made from is there before it. */
  async #make(): Promise<void> {
    const depths = this.#graphs.map(({ nodes }) => {
      const depth: number[] = []
      for (const { sources } of nodes) depth.push(1 + Math.max(-1, ...sources.map((source) => depth[source]!)))
      return depth
    })
    for (let layer = 0; depths.some((depth) => depth.includes(layer)); layer++) {
      const here = this.#graphs.flatMap(({ nodes }, graph) =>
        nodes.flatMap((_, node) => (depths[graph]![node] === layer ? [{ graph, node }] : [])),
      )
      await this.#add(here, ({ graph, node }) => {
        const { actor, sources } = this.#graphs[graph]!.nodes[node]!
        return { actor, derivedFrom: sources.map((source) => this.#idOf(graph, source)) }
      })
    }
    for (const graph of this.#graphs) this.#models.push(new GraphModel(graph))
  }

  async #add(here: readonly Which[], of: (which: Which) => Omit<AddInput, 'content'>): Promise<void> {
    const inputs = here.map((which) => ({ ...this.#told(which), ...of(which) }))
    const receipts = await this.#memory.addMany(inputs)
    for (const [place, { id }] of receipts.entries()) {
      const { graph, node } = here[place]!
      this.#ids.set(`${graph}/${node}`, id)
      this.#which.set(id, here[place]!)
    }
  }

  /** Says, and carries as a tag, in which round it will be held or deleted. */
  #told({ graph, node }: Which): { content: string; tags: string[] } {
    const will = (kind: Act['kind']) =>
      this.#graphs[graph]!.acts.flatMap((act, round) => (act.kind === kind && act.node === node ? [round] : []))
    const words = will('hold').map((round) => `caught in${round}`)
    return {
      content: `word ${graph} ${node} ${words.join(' ')}`,
      tags: ['all', ...will('delete').map((round) => `delete ${round}`)],
    }
  }

  async #act(round: number): Promise<void> {
    const acts = this.#graphs.flatMap(({ acts: all }, graph) => {
      const act = all[round]!
      return this.#models[graph]!.allows(act) ? [{ graph, act }] : []
    })
    const of = (...kinds: Act['kind'][]) =>
      acts.flatMap(({ graph, act }) =>
        kinds.includes(act.kind) ? [{ graph, act, id: this.#idOf(graph, act.node) }] : [],
      )
    const ids = (kind: Act['kind']): string[] => of(kind).map(({ id }) => id)
    const made: { which: Which; input: Omit<AddInput, 'content'> }[] = []
    for (const { graph, act, id } of of('derive', 'supersede')) {
      const node = this.#models[graph]!.nodes.length
      const lineage = act.kind === 'derive' ? { derivedFrom: [id] } : { supersedes: id }
      made.push({ which: { graph, node }, input: { actor: act.actor, ...lineage } })
    }
    if (made.length > 0) {
      const inputs = new Map(made.map(({ which, input }) => [which, input]))
      await this.#add([...inputs.keys()], (which) => inputs.get(which)!)
    }
    if (ids('delete').length > 0) await this.#memory.deleteMany({ tags: [`delete ${round}`] })
    if (ids('hold').length > 0) await this.#screening.search(`in${round}`, { limit: 1000 })
    await this.#memory.quarantine.release(ids('release').map((id) => ({ id, ifVersion: this.#versions.get(id) ?? 1 })))
    await this.#memory.quarantine.reject(ids('reject'))
    const versions = await Promise.all([
      ...ids('endorse').map((id) => this.#memory.endorse(id, { ifVersion: this.#versions.get(id) ?? 1 })),
      ...of('update').map(({ act, id }) => this.#memory.update(id, { metadata: { round } }, { actor: act.actor })),
      ...of('rewrite').map(({ graph, act, id }) => {
        const { content } = this.#told({ graph, node: act.node })
        return this.#memory.update(id, { content: `${content} anew ${round}` }, { actor: act.actor })
      }),
    ])
    for (const { id, version } of versions.filter((receipt) => receipt !== null)) this.#versions.set(id, version)
    for (const { graph, act } of acts) this.#models[graph]!.do(act)
  }

  async #look(): Promise<Violation[]> {
    const violations: Violation[] = []
    for (const line of order) {
      const { memories } = await this.#reader.search('word', { minTrust: line, limit: 1000 })
      const found = this.#graphs.map(() => new Set<number>())
      for (const { id } of memories) {
        const { graph, node } = this.#which.get(id)!
        found[graph]!.add(node)
      }
      for (const [graph, model] of this.#models.entries()) {
        const may = new Set(model.above(line))
        for (const node of found[graph]!) {
          if (!may.has(node)) violations.push({ line, graph, what: 'too low' })
          // Said once more without the history: where nobody endorsed, whatever it came from is above the line as well.
          const isFrom = model
            .ancestorsOf(node)
            .some((each) => order.indexOf(model.trustOf(each)) < order.indexOf(line))
          if (isFrom && !model.isEndorsed(node)) violations.push({ line, graph, what: 'from too low' })
        }
        for (const node of may) if (!found[graph]!.has(node)) violations.push({ line, graph, what: 'missing' })
      }
    }
    return violations
  }

  #idOf(graph: number, node: number): string {
    return this.#ids.get(`${graph}/${node}`)!
  }
}
