import { type Keep, MemkeepError, type ScopedMemory, type StoredReceipt } from '../../src/index.ts'
import { mintCommonScope, mintScope } from '../../src/trust.ts'
import type { HandClock } from '../support/hand-clock.ts'
import type { neighbours, Operation, observers, Sequence } from './operations.ts'

type Who = (typeof observers)[number] | (typeof neighbours)[number]

/** One keep with a clock of its own, in which sequences are run one after the other. */
export interface Lane {
  readonly keep: Keep
  readonly clock: HandClock
  /** Tenants A and B of this lane. */
  readonly tenants: { readonly A: string; readonly B: string }
  /** How many runs there were: each has subjects of its own. */
  runs: number
}

/** What the observers were told in either run: two texts, equal when nothing interfered. */
export async function bothRuns(lane: Lane, sequence: Sequence): Promise<[string[], string[]]> {
  return [await oneRun(lane, sequence, 0), await oneRun(lane, sequence, 1)]
}

async function oneRun(lane: Lane, { calls, beside }: Sequence, which: 0 | 1): Promise<string[]> {
  const run = new Run(lane)
  const answers: string[] = []
  for (const [index, call] of calls.entries()) {
    for (const { before, call: other } of beside[which]) if (before === index) await run.call(other, 'neighbours')
    lane.clock.advance(1)
    answers.push(`${call.who} ${call.role} ${call.verb}: ${run.normal(await run.call(call, 'observers'))}`)
  }
  // At the end everything that the callers have, with the scores, which tell of everything on their shelves.
  for (const who of new Set(calls.map((call) => call.who))) {
    const everything = await run.memory(who, 'admin').search('tea seat porto code cat', { limit: 100, explain: true })
    answers.push(`${who} at last: ${run.normal(everything)}`)
  }
  await run.end(calls.some(({ who }) => who === 'common'))
  return answers
}

class Run {
  readonly #lane: Lane
  readonly #name: string
  readonly #startMs: number
  readonly #ids = { observers: [] as string[], neighbours: [] as string[] }
  readonly #shown = new Map<string, string>()

  constructor(lane: Lane) {
    this.#lane = lane
    this.#name = `run ${++lane.runs}`
    lane.clock.advance(1000)
    this.#startMs = lane.clock.nowMs
  }

  /** Common memories are the one thing that runs share: each starts without any. */
  async end(common: boolean): Promise<void> {
    if (common) await this.memory('common', 'admin').deleteMany({ all: true })
  }

  memory(who: Who, role: 'agent' | 'admin'): ScopedMemory {
    const tenant = who.startsWith('B') ? this.#lane.tenants.B : this.#lane.tenants.A
    const principal = { id: role, roles: [role], rights: ['common' as const] }
    if (who.endsWith('common')) return this.#lane.keep.for(mintCommonScope({ tenant, principal }))
    // The neighbour in tenant B has the same name as the observer in tenant A.
    return this.#lane.keep.for(mintScope({ tenant, subject: `${who.replace(/^[AB] /, '')}, ${this.#name}`, principal }))
  }

  /** The answer, or the code of the refusal. */
  async call(call: Operation<Who>, side: 'observers' | 'neighbours'): Promise<unknown> {
    try {
      const answer = await this.#perform(this.memory(call.who, call.role), call, side)
      for (const each of [answer].flat() as unknown[]) {
        const { outcome, id } = Object(each) as Partial<StoredReceipt>
        if (outcome === 'stored' && !this.#ids[side].includes(id!)) this.#ids[side].push(id!)
      }
      return answer
    } catch (error) {
      if (error instanceof MemkeepError) return `${error.code}: ${error.message}`
      throw error
    }
  }

  /** Ids by their first appearance, times from the run's start, cursors as there or not. */
  normal(answer: unknown): string {
    const text =
      JSON.stringify(answer, (key, value) => (key === 'nextCursor' && value !== null ? 'more' : value)) ?? 'undefined'
    return text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => this.#numbered(id))
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => `+${Date.parse(time) - this.#startMs}`)
  }

  #numbered(id: string): string {
    const shown = this.#shown.get(id) ?? `#${this.#shown.size}`
    this.#shown.set(id, shown)
    return shown
  }

  #perform(memory: ScopedMemory, call: Operation<Who>, side: 'observers' | 'neighbours') {
    const user = { actor: 'user' } as const
    const expiresAt = (lifeMs: number) => (lifeMs === 0 ? {} : { expiresAt: new Date(this.#lane.clock.nowMs + lifeMs) })
    switch (call.verb) {
      case 'add':
        return memory.add(call.words, {
          ...user,
          sensitivity: call.sensitivity,
          tags: [call.tag],
          ...expiresAt(call.lifeMs),
        })
      case 'again':
        return memory.add(call.words, { ...user, idempotencyKey: `${call.key} ${this.#name}` })
      case 'batch':
        return memory.addMany(call.words.map((content) => ({ content, ...user })))
      case 'derive':
        return memory.add(call.words, { actor: 'agent', derivedFrom: [this.#id(side, call.from)] })
      case 'search':
        return memory.search(call.words, { limit: call.limit, explain: true })
      case 'list':
        return memory.list({ limit: call.limit })
      case 'get':
        return memory.get(this.#id(side, call.id))
      case 'history':
        return memory.history(this.#id(side, call.id))
      case 'delete':
        return memory.delete(this.#id(side, call.id))
      case 'update': {
        const patch = { content: call.words, ...(call.sensitivity === null ? {} : { sensitivity: call.sensitivity }) }
        return memory.update(this.#id(side, call.id), patch, user)
      }
      case 'deleteMany':
        return memory.deleteMany(call.tag === null ? { all: true } : { tags: [call.tag] })
    }
  }

  /** From the latest back; negative: one of the other side's, which for this side is as good as missing. */
  #id(side: 'observers' | 'neighbours', place: number): string {
    const ids = this.#ids[place < 0 ? (side === 'observers' ? 'neighbours' : 'observers') : side]
    return ids.at(-1 - Math.abs(place < 0 ? place + 1 : place)) ?? '01890000-0000-7000-8000-000000000000'
  }
}
