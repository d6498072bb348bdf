import { afterAll, beforeAll, expect, test } from 'vitest'
import { amount, random, seed } from '../support/seed.ts'
import { AttackedKeep } from './attacked-keep.ts'
import { BarredRaces, contradictions, type Shape, writers } from './barred-race.ts'

// A bar is a promise: once it has committed, no row that a doorway answered 'ok' for commits on what it bars, whenever it began, and
// nothing that was made of it can be read. MEMKEEP_TEST_SEED replays the timing, MEMKEEP_BARRIER_RUNS sets the number of runs.
const runs = amount('MEMKEEP_BARRIER_RUNS', 120)

let keep: AttackedKeep
/** Where locks are plain reads: of the tenant row, the shelf's state, an artifact's contributors; and a rebuilding asks for no version. */
let naive: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  naive = await AttackedKeep.start()
  await naive.tearDown('lock_shelf', 't.state = 0 for share', 't.state = 0')
  await naive.tearDown(
    'bump_shelf',
    /(update memkeep\.shelf h set version [^;]*?) and h\.state = 0( and [^;]*;)/,
    `perform 1 from memkeep.shelf r where r.tenant = c.tenant and r.subject = c.shelf and r.state = 0;
     if found then $1 $2 end if;`,
  )
  await naive.tearDown('contribute', 'order by s.subject for share', 'order by s.subject')
  await naive.tearDown('settle_rebuild', 'and a.version = p_version and a.state = 1 for update', 'for update')
})
afterAll(() => Promise.all([keep?.stop(), naive?.stop()]))

const shapes: readonly Shape[] = [
  { bar: 'subject', shelved: true },
  { bar: 'subject', shelved: false },
  { bar: 'tenant', shelved: true },
  { bar: 'tenant', shelved: false },
]

async function races(of: AttackedKeep, times: number) {
  const all = new BarredRaces(of, random())
  const total = { runs: 0, acknowledged: 0, refused: 0, registered: 0, rebuilt: 0, contradictions: [] as string[] }
  const ghosts = { memories: 0, artifacts: 0, rebuilt: 0, uncounted: 0 }
  try {
    for (let number = 0; number < times; number++) {
      const raced = await all.run(shapes[number % shapes.length]!, number)
      const count = (did: string, ok: boolean) =>
        raced.history.filter((each) => each.did === did && each.ok === ok).length
      total.runs++
      total.acknowledged += count('add', true)
      total.refused += count('add', false)
      total.registered += count('register', true)
      total.rebuilt += count('rebuild', true)
      total.contradictions.push(...contradictions(raced))
      for (const kind of ['memories', 'artifacts', 'rebuilt'] as const) ghosts[kind] += raced[kind]
      if (raced.deleted !== raced.acknowledged) ghosts.uncounted++
    }
  } finally {
    await all.stop()
  }
  console.log(
    `MEMKEEP_TEST_SEED=${seed}: ${JSON.stringify({ ...total, contradictions: total.contradictions.length, ghosts })}`,
  )
  return { ...total, ghosts }
}

test('nothing outlives a bar: what was acknowledged is what the erasure deleted, in an order that a sequential model has', async () => {
  const { contradictions: differing, ghosts, ...total } = await races(keep, runs)
  expect(ghosts).toEqual({ memories: 0, artifacts: 0, rebuilt: 0, uncounted: 0 })
  expect(differing).toEqual([])
  // Not an idle race: writers, jobs and rebuildings got through before the bar, and every writer met it.
  expect(total.refused).toBe(runs * writers * 2)
  for (const number of [total.acknowledged, total.registered]) expect(number).toBeGreaterThan(runs)
  expect(total.rebuilt).toBeGreaterThan(0)
}, 3_600_000)

test('with plain reads in the place of the locks, memories and artifacts do outlive a bar', async () => {
  const { ghosts } = await races(naive, Math.min(runs, 400))
  expect(ghosts.memories).toBeGreaterThan(0)
  expect(ghosts.artifacts).toBeGreaterThan(0)
  expect(ghosts.rebuilt).toBeGreaterThan(0)
}, 3_600_000)
