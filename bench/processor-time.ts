/**
 * Processor time of an operation on both sides: this process (the program and the kernel in it) and all of the server's
 * processes. Where client and server share the cores it is what throughput follows, and other work on the machine disturbs it less
 * than it disturbs the clock. Beside the same program without walls, with an audit row in each transaction.
 *
 *   node --conditions=memkeep-src bench/processor-time.ts
 *
 * Linux alone (/proc). BENCH_ROUNDS (3), BENCH_SECONDS (a turn, 0.5), eight clients.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { openMemkeep } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import { Baseline } from './baselines.ts'
import { serverClock } from './server-time.ts'
import { memoryText, queryText } from './texts.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const seconds = Number(process.env.BENCH_SECONDS ?? 0.5)
const clients = 8

const dir = await mkdtemp(join(tmpdir(), 'mk-processor-'))
const engine = embedded({ dir: join(dir, 'db') })
const running = await engine.start()
const keep = await openMemkeep({
  database: engine,
  keys: localKeys({ file: join(dir, 'keys', 'root.key') }),
  keyStore: directoryKeyStore({ dir: join(dir, 'keys', 'store') }),
})
const pool = await Baseline.create({ ...running.admin }, clients)

const principal = { id: 'bench', roles: ['agent'] }
const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 600 })
await keep.privileged(grant).tenants.create('acme')
const memoryOf = (subject: string) => keep.for(mintScope({ tenant: 'acme', subject, principal }))

const serverTime = await serverClock(pool)

type Run = (turn: number, client: number) => Promise<unknown>
interface Spent {
  calls: number
  client: number
  server: number
}

async function measure(run: Run, into: Spent | null): Promise<void> {
  const [before, own] = [serverTime(), process.cpuUsage()]
  const until = performance.now() + seconds * 1000
  let calls = 0
  const client = async (number: number): Promise<void> => {
    while (performance.now() < until) await run(calls++, number)
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
  const { user, system } = process.cpuUsage(own)
  if (into === null) return
  into.calls += calls
  into.client += user + system
  into.server += serverTime() - before
}

const { audited } = Baseline.pair(pool)
const texts = Array.from({ length: 1000 }, (_, number) => memoryText(number))
await audited.fill('shelf', texts)
const batch = texts.map((content) => ({ content, actor: 'user' as const }))
const ids = (await memoryOf('shelf').addMany(batch)).map(({ id }) => id)
await pool.query('analyze')

const operations: Readonly<Record<string, { readonly audited: Run; readonly memkeep: Run }>> = {
  add: {
    audited: (turn, client) => audited.add(`writer-${client}`, memoryText(turn)),
    memkeep: (turn, client) => memoryOf(`writer-${client}`).add(memoryText(turn), { actor: 'user' }),
  },
  'addMany(100)': {
    audited: (turn, client) => audited.addMany(`writer-${client}`, texts.slice(turn % 900, (turn % 900) + 100)),
    memkeep: (turn, client) => memoryOf(`writer-${client}`).addMany(batch.slice(turn % 900, (turn % 900) + 100)),
  },
  get: {
    audited: (turn) => audited.get('shelf', turn),
    memkeep: (turn) => memoryOf('shelf').get(ids[turn % ids.length]!),
  },
  'search of 1k / full-text search': {
    audited: (turn) => audited.search('shelf', queryText(turn)),
    memkeep: (turn) => memoryOf('shelf').search(queryText(turn)),
  },
  'search of 1k / select of ten known ids': {
    audited: (turn) => audited.tenRows('shelf', turn),
    memkeep: (turn) => memoryOf('shelf').search(queryText(turn)),
  },
}

console.log(
  '| operation | audited: program µs | server µs | Memkeep: program and kernel µs | server µs | audited / Memkeep |',
)
console.log('|---|---|---|---|---|---|')
for (const [name, runs] of Object.entries(operations)) {
  const spent = { audited: { calls: 0, client: 0, server: 0 }, memkeep: { calls: 0, client: 0, server: 0 } }
  for (let round = -1; round < rounds; round++) {
    for (const who of ['audited', 'memkeep'] as const) await measure(runs[who], round < 0 ? null : spent[who])
  }
  const cells = [spent.audited, spent.memkeep].flatMap(({ calls, client, server }) => [client / calls, server / calls])
  const ratio = (cells[0]! + cells[1]!) / (cells[2]! + cells[3]!)
  console.log(`| ${name} | ${cells.map((cell) => cell.toFixed(0)).join(' | ')} | ${ratio.toFixed(2)} |`)
}
await pool.end()
await keep.close()
await running.release()
await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
