import { hash } from 'node:crypto'
import type { ScopeClaims } from '../core/scope.ts'
import { damagedKeyOf } from '../keys/damaged-key.ts'
import type { DataKey } from '../keys/data-key.ts'
import { keyVersionOf } from '../keys/data-key.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { byteaArray, int2Array, uuidArray } from '../store/wire-arrays.ts'
import { type Access, callRead, withAccess, writeDetail } from './access.ts'
import { type ArtifactRow, sealArtifactAnew } from './artifacts/artifact-row.ts'
import { checkSignal } from './input.ts'
import type { Kernel } from './kernel.ts'
import { isBroken } from './open-entries.ts'
import { expectOutcome } from './outcome.ts'
import { verdictContext } from './quarantine.ts'
import { RowOpener } from './row.ts'
import { callWrite } from './write.ts'

/** What one batch did. */
export interface ShelfTally {
  readonly resealed: number
  readonly left: number
  readonly broken: readonly string[]
}

export interface ResealRun {
  readonly signal: AbortSignal | undefined
  readonly tell: (batch: ShelfTally) => void
}

/** A row sealed anew. `was`: SHA-256 over what stood in its sealed columns. */
interface Resealed {
  readonly part: number
  readonly id: string
  readonly was: Buffer
  readonly content: Buffer
  readonly details: Buffer
  readonly entry: Buffer | null
  readonly verdict: Buffer | null
}

/** Ids looked at in one call, and rows written in one commit: what is lost when the process is killed. */
const [idsAtOnce, rowsAtOnce] = [200, 64]
const first = '00000000-0000-0000-0000-000000000000'

/** One shelf of the scope's tenant. Reads page by page what stands under an earlier key than the newest. */
export function resealShelf(kernel: Kernel, scope: ScopeClaims, subject: Buffer, run: ResealRun): Promise<void> {
  return withAccess(kernel, scope, async (wide) => {
    const key = await wide.keys.forReading(subject)
    if (key === null) return
    const access = onShelf(wide, subject, key)
    for (let after: string | null = first; after !== null; ) {
      const page = await readPage(kernel, access, key, after)
      after = page.last
      const { anew, broken } = await sealAnew(access, key, page.rows)
      if (broken.length > 0) run.tell({ resealed: 0, left: 0, broken })
      for (let from = 0; from < anew.length; from += rowsAtOnce) {
        kernel.checkOpen()
        checkSignal(run.signal)
        const batch = anew.slice(from, from + rowsAtOnce)
        const done = await put(kernel, access, key, batch)
        kernel.seams.reach('memory.resealed')
        run.tell({ resealed: done, left: batch.length - done, broken: [] })
      }
    }
  })
}

/** The same principal's claims for that shelf alone, by its tag: the subject's name need not open. */
function onShelf(wide: Access, shelf: Buffer, key: DataKey): Access {
  const reach = shelf.equals(wide.keys.commonTag) ? ('common' as const) : ('subject' as const)
  return { ...wide, shelf, claims: { ...wide.claims, reach, shelf, shelfEpoch: key.epoch } }
}

async function readPage(
  kernel: Kernel,
  access: Access,
  key: DataKey,
  after: string,
): Promise<{ rows: ReadingRow[]; last: string | null }> {
  const rows = await callRead<ReadingRow>(kernel, access, 'sealed_rows', [key.version, after, idsAtOnce])
  const answer = rows.find((row) => row.part === parts.outcome)
  expectOutcome(answer?.outcome, 'ok')
  return { rows: rows.filter((row) => row.part !== parts.outcome), last: answer!.id }
}

/** What does not open is left as it is, and told of. */
async function sealAnew(access: Access, key: DataKey, rows: readonly ReadingRow[]) {
  const opener = new RowOpener(access.keys, access.claims)
  const anew: Resealed[] = []
  const broken: string[] = []
  for (const row of rows) {
    if (row.part === parts.verdict) continue
    try {
      if (row.part === parts.artifact) anew.push(await artifactAnew(access, key, row))
      else anew.push(await memoryAnew(access, key, opener, row, rows))
    } catch (error) {
      // Also under an earlier key whose record is damaged: the others go on to the new one.
      if (!isBroken(error) && damagedKeyOf(error) === null) throw error
      broken.push(row.id)
    }
  }
  return { anew, broken }
}

async function memoryAnew(
  access: Access,
  key: DataKey,
  opener: RowOpener,
  row: ReadingRow,
  rows: readonly ReadingRow[],
): Promise<Resealed> {
  const { part, id, sensitivity } = row
  const own = (each: ReadingRow) => each.part === parts.verdict && each.id === id && each.sensitivity === sensitivity
  const held = part === parts.aside ? (rows.find(own)?.content ?? null) : null
  const { content, details, entry } = await opener.sealAnew(key, row)
  const verdict = held === null ? null : await verdictAnew(access, key, row, held)
  const was = digestOf(row.content, row.details, row.entry, held)
  return { part, id, was, content, details, entry, verdict }
}

async function verdictAnew({ keys }: Access, key: DataKey, row: ReadingRow, sealed: Buffer): Promise<Buffer> {
  const context = verdictContext(row.id)
  const under = await keys.forOpening(row.subject, row.epoch, keyVersionOf(sealed))
  return key.seal('details', under.open('details', sealed, context), context)
}

/** Its place stands where a memory has its author. */
async function artifactAnew({ keys }: Access, key: DataKey, row: ReadingRow): Promise<Resealed> {
  const { part, id, content, details } = row
  const artifact: ArtifactRow = { ...row, place: row.actor, seal: null, state: 0, attempts: 0, failure: null }
  const sealed = await sealArtifactAnew(keys, key, artifact)
  return { part, id, was: digestOf(content, details), ...sealed, entry: null, verdict: null }
}

function digestOf(...columns: readonly (Buffer | null)[]): Buffer {
  return hash('sha256', Buffer.concat(columns.filter((column) => column !== null)), 'buffer')
}

/** How many of them still stood as they were read. */
async function put(kernel: Kernel, access: Access, key: DataKey, rows: readonly Resealed[]): Promise<number> {
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const answer = await callWrite(kernel, access, key, {
    doorway: 'reseal',
    event,
    atMs,
    args: [
      int2Array(rows.map(({ part }) => part)),
      uuidArray(rows.map(({ id }) => id)),
      byteaArray(rows.map(({ was }) => was)),
      byteaArray(rows.map(({ content }) => content)),
      byteaArray(rows.map(({ details }) => details)),
      byteaArray(rows.map(({ entry }) => entry)),
      byteaArray(rows.map(({ verdict }) => verdict)),
      writeDetail(access, key, event),
    ],
  })
  return expectOutcome(answer.outcome, 'ok', 'missing') === 'missing' ? 0 : answer.ids.length
}
