import { expect } from 'vitest'
import type { TestDatabase } from '../../../../test/database.ts'
import { nodeSha256 } from '../../src/audit/node-sha256.ts'
import { sameBytes } from '../../src/proof/byte-string.ts'
import { openCheckpoint } from '../../src/proof/checkpoint.ts'
import { isConsistent } from '../../src/proof/consistency-proof.ts'
import { decodeDeploymentLeaf } from '../../src/proof/deployment-leaf.ts'
import { rootOfInclusion } from '../../src/proof/inclusion-proof.ts'
import { decodeLeaf } from '../../src/proof/ledger-leaf.ts'
import { parseNoteKey } from '../../src/proof/note-key.ts'
import { nodeHash, TiledLog } from '../proof/tiled-log.ts'

interface EntryRow {
  readonly tenant: Buffer
  readonly seq: string
  /** Null in the deployment's log. */
  readonly event: string | null
  readonly entry: Buffer
}

/**
 * Says what of the whole store's ledger is not so: every event in one place of its tenant's log or waiting, no gap, no place
 * twice, and every checkpoint that was ever signed the root of the log up to there. Returns how many are logged and waiting.
 */
export async function expectWholeLogs(database: TestDatabase): Promise<{ logged: number; waiting: number }> {
  const [astray] = await database.query<{ n: number }>(
    `select count(*)::int as n from memkeep.event e
     left join memkeep.log_entry l on l.tenant = e.tenant and l.event = e.id
     left join memkeep.pending p on p.tenant = e.tenant and p.id = e.id
     where (l.event is null) = (p.id is null)`,
  )
  expect(astray!.n, 'events that are neither or both').toBe(0)
  const entries = await entriesOf(database)
  const events = entries.flatMap(({ event }) => event ?? [])
  expect(new Set(events).size, 'an event in two places').toBe(events.length)
  for (const [tenant, log] of byTenant(entries)) await expectOneLog(database, tenant, log)
  const [{ n }] = (await database.query<{ n: number }>('select count(*)::int as n from memkeep.pending')) as [
    { n: number },
  ]
  return { logged: events.length, waiting: n }
}

const entriesOf = (database: TestDatabase) =>
  database.query<EntryRow>('select tenant, seq, event, entry from memkeep.log_entry order by tenant, line, seq')
const byTenant = (entries: readonly EntryRow[]) => Map.groupBy(entries, ({ tenant }) => tenant.toString('hex'))

async function wholeLogs(database: TestDatabase) {
  const logs = byTenant(await entriesOf(database))
  return Promise.all([...logs].map(([tenant, log]) => expectOneLog(database, tenant, log)))
}

async function expectOneLog(database: TestDatabase, tenant: string, log: readonly EntryRow[]) {
  expect(log.map(({ seq }) => Number(seq))).toEqual(log.map((_, index) => index))
  const seqOf = ({ event, entry }: EntryRow) => (event === null ? decodeDeploymentLeaf : decodeLeaf)(entry).seq
  expect(log.map(seqOf)).toEqual(log.map((_, index) => index))
  const tiled = new TiledLog()
  for (const { entry } of log) tiled.append(entry)
  const tree = tiled.tree()
  const notes = await database.query<{ size: string; note: string }>(
    'select size, note from memkeep.checkpoint where tenant = $1 order by size',
    [Buffer.from(tenant, 'hex')],
  )
  const [head] = await database.query<{ size: string; note: string; vkey: string }>(
    'select size, note, vkey from memkeep.log where tenant = $1',
    [Buffer.from(tenant, 'hex')],
  )
  expect({ ...notes.at(-1) }).toEqual({ size: head!.size, note: head!.note })
  expect(Number(head!.size)).toBe(log.length)
  const key = parseNoteKey(nodeSha256, head!.vkey)
  const heads = []
  for (const { size, note } of notes) {
    const { checkpoint } = await openCheckpoint(note, key)
    expect({ size: checkpoint.size, root: Buffer.from(checkpoint.root).toString('hex') }).toEqual({
      size: Number(size),
      root: Buffer.from(await tree.root(Number(size))).toString('hex'),
    })
    heads.push(checkpoint)
  }
  return { tree, heads, entries: log.map(({ entry }) => entry) }
}

/**
 * After a run, of every log: each two of all checkpoints that it signed are of one log, by a consistency proof, and each has the last leaf of
 * every earlier one, by an inclusion proof. As many pairs as the square of their number: for the end of a test. Returns how many.
 */
export async function expectEveryPair(database: TestDatabase): Promise<number> {
  let pairs = 0
  for (const { tree, heads, entries } of await wholeLogs(database)) {
    const leaves = entries.map((entry) => nodeHash.leaf(entry))
    for (const [i, newer] of heads.entries()) {
      for (const older of heads.slice(0, i + 1)) {
        const proof = await tree.consistency(older.size, newer.size)
        expect(isConsistent(nodeHash, older, newer, proof), `${older.size} to ${newer.size}`).toBe(true)
        const index = older.size - 1
        const path = await tree.inclusion(index, newer.size)
        const root = rootOfInclusion(nodeHash, index, newer.size, leaves[index]!, path)
        expect(root !== null && sameBytes(root, newer.root), `inclusion of ${index} in ${newer.size}`).toBe(true)
        pairs++
      }
    }
  }
  return pairs
}
