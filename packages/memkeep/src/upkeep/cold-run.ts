import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type { ColdTier } from '../audit/cold-tier.ts'
import { nodeSha256 } from '../audit/node-sha256.ts'
import { MemkeepError } from '../core/errors.ts'
import { sameBytes } from '../proof/byte-string.ts'
import {
  type ColdEvent,
  type ColdHead,
  coldBytes,
  coldLines,
  formatColdHead,
  formatColdLine,
  verifyColdFile,
} from '../proof/cold-file.ts'

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
 * Puts one run of a log into the cold tier, and checks what lies there then: that it is what was put, that its leaves are in the
 * signed log, and that every read's event is with it. Returns how many. Throws before anything depends on it.
 */
export async function storeColdRun(
  tier: ColdTier,
  name: string,
  head: ColdHead,
  rows: readonly ColdRow[],
): Promise<number> {
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
