import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { ColdTier } from '../audit/cold-tier.ts'
import type { EventOpener } from '../audit/event-opener.ts'
import { nodeSha256 } from '../audit/node-sha256.ts'
import { MemkeepError } from '../core/errors.ts'
import { sameBytes } from '../proof/byte-string.ts'
import type { ColdEvent } from '../proof/cold-event.ts'
import {
  type ColdHead,
  coldBytes,
  coldLines,
  formatColdHead,
  formatColdLine,
  verifyColdFile,
} from '../proof/cold-file.ts'
import { decodeLeaf, unsealed } from '../proof/ledger-leaf.ts'

/** A row that doorway `cold_events` brings: one leaf, and its event when that is a read. */
export interface ColdRow {
  readonly seq: number
  readonly entry: Buffer
  readonly id: string | null
  readonly ended: string
  readonly reach: number
  readonly subject: Buffer | null
  readonly epoch: number
  readonly principal: Buffer
  readonly at_ms: number
  readonly recorded_at: string
  readonly memories: readonly string[]
  readonly affected: number
  readonly detail: Buffer
  readonly under: number | null
  readonly key_epoch: number | null
  readonly key_version: number | null
}

const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)]

/**
 * Puts one run of a log into the cold tier, after each event was held against what its leaf commits to; and checks what lies there then:
 * that it is what was put, that its leaves are in the signed log, and that every read's event is with it. Returns how many. Throws before
 * anything depends on it.
 */
export async function storeColdRun(
  tier: ColdTier,
  name: string,
  head: ColdHead,
  rows: readonly ColdRow[],
  opener: EventOpener,
): Promise<number> {
  for (const row of rows) await checkRow(row, opener)
  const lines = rows.map((row) => formatColdLine({ entry: row.entry, event: eventOf(row) }))
  const bytes = await compress(coldBytes([formatColdHead(head), ...lines]))
  await tier.put(name, bytes)
  const stored = await tier.get(name)
  if (stored === null || !sameBytes(stored, bytes)) {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the cold tier brings back other bytes than were put there')
  }
  const { events } = await verifyColdFile(coldLines(await decompress(stored)), { key: head.vkey, sha256: nodeSha256 })
  const reads = rows.filter(({ id }) => id !== null).length
  if (events !== reads) throw new MemkeepError('ERR_PROOF_INVALID', 'a cold file lacks an event')
  return reads
}

/** Of an event that was forged before it got its place the log says so: it goes with the others. */
async function checkRow(row: ColdRow, opener: EventOpener): Promise<void> {
  const { op, outcome } = decodeLeaf(row.entry)
  if (row.id === null || outcome === unsealed) return
  const event = { ...row, id: row.id, action: op, outcome: row.ended }
  if ((await opener.isIntact(event, row.entry, row)) !== false) return
  throw new MemkeepError('ERR_PROOF_INVALID', 'an event that is to be put away is not what the log committed to')
}

function eventOf(row: ColdRow): ColdEvent | null {
  if (row.id === null) return null
  const { id, reach, epoch, memories, affected, under } = row
  return {
    id,
    outcome: row.ended,
    reach,
    subject: row.subject?.toString('hex') ?? null,
    epoch,
    principal: row.principal.toString('hex'),
    at: row.at_ms,
    recordedAt: row.recorded_at,
    memories,
    affected,
    detail: row.detail.toString('base64'),
    under,
    keyEpoch: row.key_epoch,
    keyVersion: row.key_version,
  }
}
