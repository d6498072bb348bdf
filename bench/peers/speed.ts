/**
 * Memkeep beside other memory stores: add, get and search, on one server and with one embedder, in turns within one run.
 * One tenant with 10,000 memories, then 100 tenants with 100 each; one client, then eight.
 *
 *   npm ci --prefix bench/peers
 *   MEMKEEP_TEST_POSTGRES_BIN=$(pg_config --bindir) npm run bench:peers
 *
 * The server needs pgvector (Debian: postgresql-15-pgvector). PEERS_ROUNDS (3) and PEERS_SECONDS (0.5, a turn) make it longer;
 * PEERS_SCALE (1) makes the stores smaller, PEERS_ONLY ("LangGraph,mem0 SQLite") leaves others out, PEERS_SCENES ("many") takes one of
 * the two, PEERS_READS=relaxed lets Memkeep's reads not wait for the disk. Nothing is written but two directories that are removed.
 */
import { aimAtLeast } from '../bounds.ts'
import { interleave, median, type Contestant as Runner, type Standing } from '../rounds.ts'
import { memoryText, queryText } from '../texts.ts'
import type { Contestant } from './contestant.ts'
import { hashedWords } from './hashed-words.ts'
import { type Stand, startStand } from './stand.ts'

const rounds = Number(process.env.PEERS_ROUNDS ?? 3)
const seconds = Number(process.env.PEERS_SECONDS ?? 0.5)
const scale = Number(process.env.PEERS_SCALE ?? 1)
const only = process.env.PEERS_ONLY ?? ''
const limit = 10
/** Where Memkeep is to be faster than each other store. */
const raced: readonly string[] = ['search', 'add']

/** What is stored: `tenants` of `each` memories. */
interface Scene {
  readonly name: string
  readonly tenants: number
  readonly each: number
}

const scenes: readonly Scene[] = [
  { name: 'one', tenants: 1, each: 10_000 * scale },
  { name: 'many', tenants: 100, each: 100 * scale },
]

/** One length for all names: no name is the beginning of another. */
const tenantOf = (scene: Scene, n: number) => `tenant-${String((n * 37) % scene.tenants).padStart(3, '0')}`

await using stand = await startStand()
for (const scene of scenes) if ((process.env.PEERS_SCENES ?? scene.name) === scene.name) await compare(stand, scene)

async function compare(stand: Stand, scene: Scene): Promise<void> {
  const contestants = await stand.open(scene.name, hashedWords, { only })
  try {
    const known = await fill(stand, scene, contestants)
    const first = new Map<string, number>()
    for (const each of contestants) first.set(each.name, await warm(each, scene))
    for (const each of contestants) await checkFinds(each, scene, known.get(each.name)!)
    const names = contestants.map(({ name }) => `${name}/s`)
    console.log(`\n${scene.tenants} x ${scene.each} memories; in brackets Memkeep's speed to this one's\n`)
    console.log(`| operation | clients | ${names.join(' | ')} |`)
    console.log(`|---|---|${names.map(() => '---|').join('')}`)
    if (scene.tenants > 1) {
      const speeds = contestants.map(({ name }) => first.get(name)!)
      const shown = speeds.map((speed, n) => (n === 0 ? `**${digits(speed)}**` : cell(speed, speeds[0]! / speed)))
      console.log(`| first search of a tenant | 1 | ${shown.join(' | ')} |`)
    }
    // Adds come last: a faster store would be searched with more in it.
    for (const operation of ['search', 'get', 'add'] as const) {
      for (const clients of [1, 8]) {
        const runners = contestants.flatMap((each) => runnerOf(operation, each, scene, known.get(each.name)!))
        const standings = await interleave(runners, { rounds, seconds, clients })
        console.log(`| ${operation} | ${clients} | ${cells(contestants, standings).join(' | ')} |`)
        const [ours, ...theirs] = standings
        for (const { name } of raced.includes(operation) ? theirs : [])
          aimAtLeast(`${operation}, ${clients} clients, to ${name}`, ours!.ratio(name), 1)
      }
    }
    console.log(`\n${stand.about()}; ${rounds} rounds of ${seconds} s`)
  } finally {
    for (const each of contestants) await each.close()
  }
}

/**
 * The ids of each contestant's memories, by tenant. Filling is not timed, so that the others do not wait for the disk
 * meanwhile; Memkeep refuses to work on such a server, and is filled before.
 */
async function fill(stand: Stand, scene: Scene, contestants: readonly Contestant[]) {
  const began = performance.now()
  const known = new Map<string, Map<string, readonly string[]>>()
  const fillOne = async (contestant: Contestant): Promise<void> => {
    const ids = new Map<string, readonly string[]>()
    for (let n = 0; n < scene.tenants; n++) {
      const texts = Array.from({ length: scene.each }, (_, m) => memoryText(n * scene.each + m))
      ids.set(tenantOf(scene, n), await contestant.fill(tenantOf(scene, n), texts))
    }
    known.set(contestant.name, ids)
    await contestant.settle?.()
    process.stderr.write(`${contestant.name} filled after ${((performance.now() - began) / 1000).toFixed(0)} s\n`)
  }
  await fillOne(contestants[0]!)
  await stand.durable(false)
  // One by one: one that holds up this process lets the others' connections time out.
  for (const each of contestants.slice(1)) await fillOne(each)
  await stand.durable(true)
  await stand.settle(scene.name)
  return known
}

/** A store that finds nothing is fast. Throws unless most memories are found by their own text. */
async function checkFinds(contestant: Contestant, scene: Scene, known: ReadonlyMap<string, readonly string[]>) {
  let found = 0
  for (let n = 0; n < 20; n++) {
    const [tenant, m] = [n % scene.tenants, (n * 41) % scene.each]
    const ids = await contestant.search(tenantOf(scene, tenant), memoryText(tenant * scene.each + m), limit)
    if (ids.length > limit) throw new Error(`${contestant.name} found more than it was asked for`)
    if (ids.includes(known.get(tenantOf(scene, tenant))![m]!)) found++
  }
  if (found < 20) process.stderr.write(`${contestant.name} finds ${found} of 20 memories by their own text\n`)
  if (found < 15) throw new Error(`${contestant.name} does not find what it holds`)
}

/**
 * Asks each tenant once, or for five seconds where that takes longer, so that what is timed afterwards is warm. Searches a
 * second, by their median: for a store that keeps something of a tenant in memory, these are the cold ones.
 */
async function warm(contestant: Contestant, scene: Scene): Promise<number> {
  const took: number[] = []
  const began = performance.now()
  for (let n = 0; n < scene.tenants && performance.now() - began < 5000; n++) {
    const start = performance.now()
    await contestant.search(tenantOf(scene, scene.tenants - 1 - n), queryText(n), limit)
    took.push(performance.now() - start)
  }
  return 1000 / median(took)
}

function runnerOf(
  operation: 'search' | 'get' | 'add',
  contestant: Contestant,
  scene: Scene,
  known: ReadonlyMap<string, readonly string[]>,
): Runner[] {
  const { name, get } = contestant
  let turn = 0
  if (operation === 'search') {
    return [{ name, run: () => contestant.search(tenantOf(scene, ++turn), queryText(turn), limit) }]
  }
  if (operation === 'add') {
    return [{ name, run: () => contestant.add(tenantOf(scene, ++turn), memoryText(1_000_000 + turn)) }]
  }
  if (get === null) return []
  const read = (tenant: string) => {
    const ids = known.get(tenant)!
    return get(tenant, ids[(turn * 41) % ids.length]!)
  }
  return [{ name, run: () => read(tenantOf(scene, ++turn)) }]
}

function cells(contestants: readonly Contestant[], standings: readonly Standing[]): string[] {
  const ours = standings[0]!
  return contestants.map(({ name }) => {
    const standing = standings.find((each) => each.name === name)
    if (standing === undefined) return '-'
    if (standing === ours) return `**${digits(ours.perSecond)}**`
    return cell(standing.perSecond, ours.ratio(name))
  })
}

function cell(speed: number, ratio: number): string {
  return `${digits(speed)} (${ratio.toFixed(2)})`
}

function digits(speed: number): number {
  return Number(speed.toPrecision(speed < 100 ? 2 : 3))
}
