import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Trust, trusts } from '../../src/core/labels.ts'
import type { ScopedMemory } from '../../src/index.ts'
import { type Asking, TestKeep } from '../support/test-keep.ts'

// Whatever is read beside whichever subject, and said again of whichever, or of all, without a source: it is trusted no more than a model of what was
// shown says, and no less. Of principals that speak outside of sessions.

const seed = Number(process.env.MEMKEEP_TEST_SEED ?? Date.now() % 2 ** 31)
const runs = Number(process.env.MEMKEEP_SHOWN_RUNS ?? 60)

const subjects = ['ana', 'bruno'] as const
type Place = (typeof subjects)[number] | 'all'
const places: readonly Place[] = [...subjects, 'all']
const bots = ['first bot', 'second bot'] as const
const reads = ['list', 'search', 'get', 'history'] as const

type Act =
  | { readonly kind: 'told'; readonly place: Place; readonly actor: 'tool' | 'user' | 'system' }
  | {
      readonly kind: 'reads'
      readonly bot: (typeof bots)[number]
      readonly place: Place
      readonly by: (typeof reads)[number]
    }
  | { readonly kind: 'says'; readonly bot: (typeof bots)[number]; readonly place: Place }

const place = fc.constantFrom(...places)
const bot = fc.constantFrom(...bots)
const acts = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('told' as const), place, actor: fc.constantFrom('tool', 'user', 'system') }),
    fc.record({ kind: fc.constant('reads' as const), bot, place, by: fc.constantFrom(...reads) }),
    fc.record({ kind: fc.constant('says' as const), bot, place }),
  ),
  { minLength: 4, maxLength: 16 },
)

/** What stands there, and the least that each bot was shown of a place. */
class Model {
  readonly #stands = new Map<Place, { readonly id: string; readonly trust: number }[]>()
  readonly #shown = new Map<string, number>()

  put(at: Place, id: string, trust: Trust): void {
    this.#stands.set(at, [...(this.#stands.get(at) ?? []), { id, trust: trusts.indexOf(trust) }])
  }

  /** What a scope of that place sees: its own, and what is common to all. */
  seen(at: Place) {
    return [...new Set<Place>([at, 'all'])].flatMap((of) =>
      (this.#stands.get(of) ?? []).map((each) => ({ of, ...each })),
    )
  }

  show(who: string, at: Place, ids: ReadonlySet<string>): void {
    for (const { id, of, trust } of this.seen(at)) {
      if (!ids.has(id)) continue
      for (const where of [at, of]) {
        this.#shown.set(`${who} ${where}`, Math.min(trust, this.#shown.get(`${who} ${where}`) ?? trust))
      }
    }
  }

  /** The most that a bot is trusted for what it says there. */
  most(who: string, at: Place): Trust {
    const least = [at, 'all'].map((where) => this.#shown.get(`${who} ${where}`) ?? trusts.length)
    return trusts[Math.min(trusts.indexOf('agent'), ...least)]!
  }
}

let store: TestKeep
let torn: TestKeep
beforeAll(async () => {
  console.log(`MEMKEEP_TEST_SEED=${seed}`)
  ;[store, torn] = await Promise.all([TestKeep.start(), TestKeep.start()])
  const [row] = await torn.database.query<{ text: string }>(
    "select pg_get_functiondef('memkeep.note_recalled'::regproc) as text",
  )
  const hole = row!.text.replace("if outcome = 'ok' then", "if outcome = 'ok' and c.reach = 1 then")
  expect(hole).not.toBe(row!.text)
  await torn.database.query(hole)
})
afterAll(() => Promise.all([store?.[Symbol.asyncDispose](), torn?.[Symbol.asyncDispose]()]))

let count = 0

/** What was trusted otherwise than the model says. */
async function play(on: TestKeep, all: readonly Act[]): Promise<string[]> {
  const tenant = `tenant ${++count}`
  await on.createTenant(tenant)
  const model = new Model()
  const wrong: string[] = []
  const at = (principal: string, where: Place): ScopedMemory => {
    const who: Asking = {
      tenant,
      principal,
      roles: ['admin'],
      rights: ['common'],
      actors: ['tool', 'user', 'system', 'agent'],
    }
    return where === 'all' ? on.common(who) : on.memory({ ...who, subject: where })
  }
  for (const [number, act] of all.entries()) {
    const content = `Harbour note ${number} is on the board.`
    if (act.kind === 'told') {
      const { id, trust } = await at('a crawler', act.place).add(content, { actor: act.actor })
      model.put(act.place, id, trust as Trust)
    } else if (act.kind === 'reads') {
      model.show(act.bot, act.place, await read(at(act.bot, act.place), act.by, model.seen(act.place)[0]?.id))
    } else {
      const { id, trust } = await at(act.bot, act.place).add(content, { actor: 'agent' })
      const most = model.most(act.bot, act.place)
      if (trust !== most) wrong.push(`${number}: ${act.bot} of ${act.place}: ${trust}, not ${most}`)
      model.put(act.place, id, most)
    }
  }
  return wrong
}

/** Ids of what it showed. */
async function read(memory: ScopedMemory, by: (typeof reads)[number], id = ''): Promise<Set<string>> {
  const shown = async () => {
    if (by === 'list') return (await memory.list({ limit: 100 })).items
    if (by === 'search') return (await memory.search('harbour board', { limit: 100 })).memories
    if (id === '') return []
    return by === 'get' ? [await memory.get(id)] : memory.history(id)
  }
  return new Set((await shown()).flatMap((each) => (each === null ? [] : [each.id])))
}

test('what is said without a source is trusted as the least of what was shown', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (all) => {
      expect(await play(store, all)).toEqual([])
    }),
    { seed, numRuns: runs, endOnFailure: true },
  )
})

test('fails with a database that notes nothing of what is common to all', async () => {
  let wrong: string[] = []
  for (const all of fc.sample(acts, { seed, numRuns: 500 })) {
    wrong = await play(torn, all)
    if (wrong.length > 0) break
  }
  expect(wrong).not.toEqual([])
})
