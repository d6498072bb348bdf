import { randomBytes, randomUUID } from 'node:crypto'
import type { ScopedMemory } from 'memkeep'
import pg from 'pg'
import { DataKey } from '../packages/memkeep/src/keys/data-key.ts'
import { Secret } from '../packages/memkeep/src/keys/secret.ts'
import { indexOf } from '../packages/memkeep/src/memory/index-of.ts'
import { type Details, RowOpener, sealMemory } from '../packages/memkeep/src/memory/row.ts'
import { encodeEntry } from '../packages/memkeep/src/recall/index-entry.ts'
import { rank } from '../packages/memkeep/src/recall/rank.ts'
import { Shelf } from '../packages/memkeep/src/recall/shelf.ts'
import { termsOf } from '../packages/memkeep/src/recall/terms.ts'
import type { Labels, ReadingRow } from '../packages/memkeep/src/store/reading.ts'
import { type Claims, mintToken } from '../packages/memkeep/src/store/token.ts'
import { memoryText, queryText } from './texts.ts'

// Where the time of an operation goes, by one client: what is waited for (the doorway: round trip, server, commit) is
// measured on the operation itself; token, seal and rank by calling the same functions on the same texts. The rest is what
// is left: scope, keys and tags looked up, the driver's own work, promises.

const rounds = 1500

/** Microseconds a call. */
async function timeOf(run: (turn: number) => unknown): Promise<number> {
  for (let turn = 0; turn < rounds / 3; turn++) await run(turn)
  const began = performance.now()
  for (let turn = 0; turn < rounds; turn++) await run(turn)
  return ((performance.now() - began) * 1000) / rounds
}

/** As `timeOf`, and how much of it was between sending a statement and having its answer. */
async function timesOf(run: (turn: number) => Promise<unknown>): Promise<{ total: number; doorway: number }> {
  let waited = 0
  const plain = pg.Client.prototype.query as (...args: unknown[]) => Promise<unknown>
  pg.Client.prototype.query = async function query(this: pg.Client, ...args: unknown[]) {
    const began = performance.now()
    const answer = await plain.apply(this, args)
    waited += performance.now() - began
    return answer
  } as unknown as typeof pg.Client.prototype.query
  try {
    let before = 0
    const total = await timeOf((turn) => {
      if (turn === 0) before = waited
      return run(turn)
    })
    return { total, doorway: ((waited - before) * 1000) / rounds }
  } finally {
    pg.Client.prototype.query = plain as unknown as typeof pg.Client.prototype.query
  }
}

const tag = randomBytes(16)
const claims: Claims = {
  tenant: tag,
  reach: 'subject',
  shelf: tag,
  tenantEpoch: 1,
  shelfEpoch: 1,
  clearance: 7,
  writable: 7,
  actors: 15,
  rights: 15,
  principal: tag,
  policyVersion: 0,
}
const details: Details = {
  tags: [],
  metadata: {},
  source: null,
  agent: null,
  session: null,
  speaker: null,
  importance: null,
  tool: null,
  flags: [],
  supersedes: null,
}

function sealedRow(turn: number, key: DataKey): ReadingRow {
  const labels: Labels = {
    id: randomUUID(),
    version: 1,
    sensitivity: 'private',
    trust: 'user',
    actor: 'user',
    kind: 'fact',
    atMs: 1,
    createdMs: 1,
    updatedMs: 1,
    expiresMs: null,
    derivedFrom: [],
  }
  const content = memoryText(turn)
  const entry = encodeEntry(indexOf({ embedder: null }, content, details, null))
  const sealed = sealMemory(key, labels, { content, details, entry })
  const row = { outcome: null, part: 2, subject: tag, shelf_version: 1, id: labels.id, version: 1, sensitivity: 1 }
  const times = { at_ms: 1, created_ms: 1, updated_ms: 1, expires_ms: null, derived_from: [], epoch: 1 }
  return { ...row, ...times, ...sealed, trust: 1, actor: 0, kind: 'fact' }
}

function shelfOf(size: number): Shelf {
  const shelf = new Shelf(1)
  for (let number = 0; number < size; number++) {
    const index = indexOf({ embedder: null }, memoryText(number), details, null)
    const labels = { version: 1, kind: 'fact', trust: 'user', sensitivity: 'private' } as const
    const times = { createdAtMs: number, atMs: number, expiresAtMs: null }
    shelf.put({ id: randomUUID(), subjectTag: 'a', ...labels, ...times, index })
  }
  return shelf
}

/** Prints one line an operation: its time, and the share of each stage in it. */
export async function printStages(
  memoryOf: (subject: string) => ScopedMemory,
  known: ReadonlyMap<string, string[]>,
): Promise<void> {
  const key = new DataKey(new Secret(randomBytes(32)), { tenantTag: tag, subjectTag: tag, epoch: 1, version: 1 })
  const keys = { commonTag: Buffer.alloc(16), forOpening: async () => key } as never
  const tokenKey = { id: 1, key: randomBytes(32) }
  const token = await timeOf(() => mintToken(tokenKey, claims, { doorway: 'recall', event: randomUUID(), atMs: 1 }))
  const seal = await timeOf((turn) => sealedRow(turn, key))
  const row = sealedRow(1, key)
  const openOf = (rows: number) =>
    timeOf(() =>
      new RowOpener(keys, claims).openMemories(
        Array.from({ length: rows }, () => row),
        () => null,
      ),
    )
  const rankOf = (shelf: Shelf) =>
    timeOf((turn) => rank([shelf], { terms: termsOf(queryText(turn)), vector: null, model: null }, { nowMs: 1 }, 10))
  const [open1, open10] = [await openOf(1), await openOf(10)]
  const ids = known.get('shelf-1k')!
  const operations: [string, { seal: number; rank: number }, (turn: number) => Promise<unknown>][] = [
    ['add', { seal, rank: 0 }, (turn) => memoryOf('stages').add(memoryText(turn), { actor: 'user' })],
    ['get', { seal: open1, rank: 0 }, (turn) => memoryOf('shelf-1k').get(ids[turn % ids.length]!)],
    ...(await Promise.all(
      [1000, 10_000].map(async (size) => {
        const name = `shelf-${size / 1000}k`
        const stage = { seal: open10, rank: await rankOf(shelfOf(size)) }
        const run = (turn: number) => memoryOf(name).search(queryText(turn))
        return [`search, ${name}`, stage, run] as [string, typeof stage, typeof run]
      }),
    )),
  ]
  console.log('\n| operation, 1 client | µs | token | doorway | seal | rank | rest |')
  console.log('|---|---|---|---|---|---|---|')
  for (const [name, stage, run] of operations) {
    const { total, doorway } = await timesOf(run)
    const parts = [token, doorway, stage.seal, stage.rank]
    const rest = total - parts.reduce((sum, part) => sum + part, 0)
    const shares = [...parts, rest].map((part) => `${((100 * part) / total).toFixed(0)} %`)
    console.log(`| ${name} | ${total.toFixed(0)} | ${shares.join(' | ')} |`)
  }
}
