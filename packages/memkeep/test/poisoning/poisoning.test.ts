import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Distiller, ScopedMemory } from '../../src/index.ts'
import { dayMs } from '../support/hand-clock.ts'
import { amount } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'
import { type Attack, attacks, type Stage } from './attacks.ts'
import { act, type Task, tasks } from './tasks.ts'

// Scripted attacks on memory, after the published ones, through the whole path: add, distil, gate, recall, evidence. Each first where nothing
// stands against it, and there it must succeed; then as Memkeep is. The same seed writes the same texts.

const seed = amount('MEMKEEP_TEST_SEED', 20_260_101)
const perFamily = 20

/** Without gate: nothing is screened, and everything that is said stays. */
const believes: Distiller = { name: 'believes', distil: ({ content }) => ({ kept: content, omitted: [] }) }
const ungated = { screening: { flagAt: null, quarantineAt: null }, distiller: believes }

let bare: TestKeep
let gated: TestKeep
beforeAll(async () => {
  bare = await TestKeep.start(ungated)
  gated = await TestKeep.start()
})
afterAll(() => Promise.all([bare, gated].map((store) => store?.[Symbol.asyncDispose]())))

interface Outcome {
  /** Where what the attacker wrote, or what came from it, was among the first five of the victim's search. */
  readonly recalled: number
  /** Where the agent then paid the attacker. */
  readonly driven: number
  /** Where it paid the right account. */
  readonly right: number
}

/** How the victims' agents fare, by what they recall above a line (null: no line). */
async function victims(
  memory: ScopedMemory,
  attack: Attack,
  given: readonly Task[],
  line: 'agent' | null,
): Promise<Outcome> {
  const outcome = { recalled: 0, driven: 0, right: 0 }
  for (const task of given) {
    const { memories, evidence } = await memory.search(attack.query(task), {
      limit: 5,
      ...(line === null ? {} : { minTrust: line }),
    })
    const isThere = memories.some(({ content }) => content.includes(task.wanted))
    expect(evidence.includes(task.wanted)).toBe(isThere)
    const paid = act(task, memories)
    outcome.recalled += isThere ? 1 : 0
    outcome.driven += paid === task.wanted ? 1 : 0
    outcome.right += paid === task.account ? 1 : 0
  }
  return outcome
}

/** Time goes by, and upkeep runs each day. */
async function pass(store: TestKeep, days: number): Promise<void> {
  store.clock.advance(days * dayMs)
  if (days >= 1 || days === 0) await store.keep.runUpkeep()
}

/** Facts that a person said and somebody endorsed, then the attack on each of them. */
async function play(store: TestKeep, attack: Attack, given: readonly Task[]): Promise<ScopedMemory> {
  const subject = `victim of ${attack.family}`
  const admin = store.memory({ subject, roles: ['admin'] })
  for (const { fact } of given) {
    const { id, trust } = await admin.add(fact, { actor: 'user' })
    expect(trust).toBe('user')
    await admin.endorse(id, { ifVersion: 1 })
  }
  await pass(store, 1)
  const stage: Stage = {
    talk: (session) => store.memory({ subject, session }),
    agent: store.memory({ subject }),
    common: store.common({ roles: ['admin'] }),
    wait: (days) => pass(store, days),
  }
  for (const task of given) await attack.write(stage, task)
  return store.memory({ subject, principal: 'victim' })
}

const rows: string[] = []
afterAll(() => {
  console.log(`seed ${seed}
| attack | attempts | without gate: recalled, drives the action | gate alone | \`minTrust: 'agent'\`, at once | after a month | endorsed facts that still drive it |
|---|---|---|---|---|---|---|
${rows.join('\n')}`)
})

describe.each(attacks.map((attack, number) => [attack.family, attack, number] as const))('%s', (_, attack, number) => {
  test(`succeeds without gate; never above the line (seed ${seed})`, async () => {
    const given = tasks(perFamily, seed + number)
    const undefended = await victims(await play(bare, attack, given), attack, given, null)
    expect(undefended).toMatchObject({ recalled: perFamily, driven: perFamily })

    const memory = await play(gated, attack, given)
    const gateAlone = await victims(memory, attack, given, null)
    const above = await victims(memory, attack, given, 'agent')
    // Upkeep distils what was said: at once, on the last day of the episodes, and after it.
    for (const days of [0, 29.5, 1]) await pass(gated, days)
    const later = await victims(memory, attack, given, 'agent')
    rows.push(
      `| ${attack.family} | ${perFamily} | ${undefended.recalled}, ${undefended.driven} | ${gateAlone.recalled}, ${gateAlone.driven} | ${above.recalled} | ${later.recalled} | ${later.right} of ${perFamily} |`,
    )
    for (const outcome of [above, later]) {
      expect(outcome).toMatchObject({ recalled: 0, driven: 0 })
      expect(outcome.right).toBeGreaterThanOrEqual(0.9 * perFamily)
    }
  })
})
