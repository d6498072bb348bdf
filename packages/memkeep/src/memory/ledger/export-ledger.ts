import { otherKey } from '../../audit/expect-signed.ts'
import type { LedgerReader, LogKeys } from '../../audit/ledger-reader.ts'
import { LogReader, type LogRow } from '../../audit/log-reader.ts'
import { nodeSha256, treeHash } from '../../audit/node-sha256.ts'
import { MemkeepError } from '../../core/errors.ts'
import { decodeHeadProof } from '../../proof/head-proof.ts'
import { formatInclusionFile, parseInclusionFile } from '../../proof/inclusion-file.ts'
import { parseNoteKey } from '../../proof/note-key.ts'
import { type BundleFile, type LedgerAnchor, type LedgerSource, writeBundle } from '../../proof/write-bundle.ts'
import { checkKeys } from '../input.ts'
import { expectOutcome } from '../outcome.ts'
import { type HeadRow, readHeads } from './read-head.ts'

export interface LedgerExportOptions {
  /** Most older checkpoints that are in the bundle, spread over the log's life. From 0 to 1,000. Default 100. */
  readonly checkpoints?: number
  /** Which of the tenant's logs, from 1. Default the newest: another begins when a database that was set back is accepted. */
  readonly line?: number
}

/**
 * The files of a bundle, one after another. Pages are read as they are needed: what is logged meanwhile is not in it. Keys and head are those that
 * the key store knows (`expectSigned`); what else is in it shows with `verifyLedger`.
 */
export async function* exportLedger(keys: LogKeys, reader: LedgerReader, given: unknown): AsyncGenerator<BundleFile> {
  const { checkpoints = 100, line } = checkKeys<LedgerExportOptions>(given, 'export options', ['checkpoints', 'line'])
  if (!Number.isInteger(checkpoints) || checkpoints < 0 || checkpoints > 1000) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'checkpoints must be a whole number from 0 to 1,000')
  }
  if (line !== undefined && !(Number.isInteger(line) && line > 0)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'line must be a whole number from 1')
  }
  const heads = await reader.read(async (log) => {
    // Nothing of it yet: whoever may not have it is denied an export, and not what it begins with.
    const [answer] = await log.call<LogRow>('read_log', [line ?? lastLine, 0, false, [], [], 0, 0])
    if (!log.wide) {
      expectOutcome(answer?.outcome, 'denied')
      throw new MemkeepError('ERR_ACCESS_DENIED', 'a whole log is exported with a tenant-wide scope')
    }
    expectOutcome(answer?.outcome, 'ok')
    return readHeads(keys, log)
  })
  const at = line === undefined ? 0 : heads.findIndex((each) => each.line === line)
  const [head, former] = at === -1 ? [] : heads.slice(at)
  if (head === undefined)
    throw new MemkeepError('ERR_AUDIT_UNAVAILABLE', 'nothing is in the log yet', { retryable: true })
  await expectAnchor(keys, head)
  const read = (args: readonly unknown[]): Promise<LogRow[]> =>
    reader.read(async (log) => {
      const rows = await log.call<LogRow>('read_log', args)
      expectOutcome(rows.find(({ part }) => part === 0)?.outcome, 'ok')
      return rows
    })
  yield* writeBundle(await sourceOf(head, former, new LogReader(read, head.line, head.size), checkpoints))
}

/** Beyond every line that there is. */
const lastLine = 2 ** 31 - 1

/** Which log a head is anchored in is not the database's word either. Throws `ERR_KEY_UNAVAILABLE`. */
async function expectAnchor(keys: LogKeys, { anchor_size, anchor_vkey }: HeadRow): Promise<void> {
  if (anchor_size === null) return
  const tag = await keys.deploymentLogTag()
  for (let line = await keys.logLine(); line > 0; line--) {
    if ((await keys.logKey(tag, line)).vkey === anchor_vkey) return
  }
  throw otherKey()
}

async function sourceOf(
  head: HeadRow,
  former: HeadRow | undefined,
  log: LogReader,
  most: number,
): Promise<LedgerSource> {
  const { size, min_index: minIndex, note, vkey } = head
  const older = [...(await log.checkpoints())].filter(([at]) => at >= minIndex && at > 0 && at < size)
  const anchor = anchorOf(head)
  return {
    hash: treeHash,
    key: parseNoteKey(nodeSha256, vkey),
    witnesses: anchor === null || !head.anchor_cosigned ? [] : [parseNoteKey(nodeSha256, head.anchor_witness)],
    checkpoints: new Map([...spread(older, most, anchor?.size), [size, note]]),
    minIndex,
    tile: (tile) => log.tile(tile),
    entries: async (start, end) => (await log.entries(start, end)).map(({ entry }) => entry ?? missing()),
    proofs: await keptBefore(log, minIndex),
    openings: [],
    anchor,
    previous: former === undefined ? null : { key: parseNoteKey(nodeSha256, former.vkey), checkpoint: former.note },
  }
}

/** Null as well when the head that is committed to lies before what was pruned. */
function anchorOf(row: HeadRow): LedgerAnchor | null {
  const { anchor_size: size, min_index, anchor_vkey, anchor_proof, anchor_head, anchor_cosigned } = row
  if (size === null || size < min_index || size === 0) return null
  const tick = parseInclusionFile(anchor_proof)
  const proof = formatInclusionFile({ ...tick, checkpoint: tick.checkpoint + (anchor_cosigned ?? '') })
  const head = decodeHeadProof(Buffer.from(anchor_head, 'utf8'))
  return { key: parseNoteKey(nodeSha256, anchor_vkey), proof, head, size }
}

/** Some of the older checkpoints, evenly, the last and the anchored one among them. */
function spread(list: readonly [number, string][], most: number, anchored: number | undefined): [number, string][] {
  if (list.length <= most) return [...list]
  const chosen = new Set(Array.from({ length: most }, (_, i) => Math.floor(((i + 1) * list.length) / most) - 1))
  return list.filter(([size], i) => chosen.has(i) || size === anchored)
}

/** Which of the pruned part's entries were kept: each goes into the bundle with a proof of its own. */
async function keptBefore(log: LogReader, minIndex: number): Promise<number[]> {
  const entries = await log.entries(0, minIndex)
  return entries.flatMap(({ entry }, index) => (entry === null ? [] : [index]))
}

function missing(): never {
  throw new MemkeepError('ERR_PROOF_INVALID', 'a leaf is not in the database')
}
