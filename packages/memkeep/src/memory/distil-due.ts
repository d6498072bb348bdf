import { byUpkeep, detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { trusts } from '../core/labels.ts'
import type { Memory } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { DataKey } from '../keys/data-key.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { openTerms } from '../policy/tenant-terms.ts'
import { decodeEntry, encodeEntry } from '../recall/index-entry.ts'
import { checkScreenPolicy, type ScreenPolicy } from '../screening/judge.ts'
import { writeGate } from '../screening/write-gate.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import type { Claims } from '../store/token.ts'
import { byteaArray, int8Array, uuidArray } from '../store/wire-arrays.ts'
import { indexOf } from './index-of.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome, Outdated } from './outcome.ts'
import { type Details, RowOpener, sealMemory } from './row.ts'
import { detailsOf, labelsFrom } from './update.ts'

/** A shelf that upkeep found something due on. */
export interface DueShelf {
  readonly keys: TenantKeys
  readonly subject: Buffer
  readonly tenantEpoch: number
  readonly shelfEpoch: number
}

const episodesAtOnce = 100
/** What only a part is kept of is distilled this long before the episode ends: until then the whole of it is found, and nothing twice. */
const beforeItsEndMs = 86_400_000
const hourMs = 3_600_000
/** So long is one that the distiller failed at tried after its end, out of sight. */
const pastItsEndMs = 7 * 86_400_000

/**
 * Distils the episodes of a shelf that are due. One of which all is kept stays for good, as it is. Of one of which a part is kept, that part becomes a
 * memory of its own shortly before the episode ends, made from it: by the same author, trusted no more. One of which nothing is kept ends when its time
 * has come; one that the distiller failed at does not, and is distilled again later, until a week after its time. Returns how many were looked at.
 */
export async function distilDue(kernel: Kernel, due: DueShelf): Promise<number> {
  let distilled = 0
  for (;;) {
    const rows = await readEpisodes(kernel, due)
    if (rows.length === 0) return distilled
    const opened = await new RowOpener(due.keys, claimsOf(due)).openMemories(rows, () => null)
    const made: Made[] = []
    const key = await due.keys.forWriting(due.subject)
    const policy = await policyOf(kernel, due)
    for (const [place, memory] of opened.entries()) {
      made.push(await distilOne(kernel, due, key, policy, rows[place]!, memory))
    }
    await store(kernel, due, key, opened, made)
    distilled += rows.length
    if (rows.length < episodesAtOnce) return distilled
  }
}

interface Sealed {
  readonly content: Buffer
  readonly details: Buffer
  readonly entry: Buffer
}

/** What becomes of one episode; all null: it ends when its time has come. */
interface Made {
  readonly againMs: number | null
  readonly whole: Sealed | null
  readonly part: (Sealed & { readonly id: string }) | null
}

const nothing: Made = { againMs: null, whole: null, part: null }

async function readEpisodes(kernel: Kernel, due: DueShelf): Promise<ReadingRow[]> {
  const event = kernel.seams.ids.uuid(kernel.seams.clock.now())
  const rows = await kernel.doorways.read<ReadingRow>({
    doorway: 'episodes',
    claims: claimsOf(due),
    event,
    args: [episodesAtOnce, await detailOf(due, event)],
  })
  const outcome = rows.find((row) => row.part === parts.outcome)?.outcome
  // Erased or begun anew meanwhile: nothing is due there any more.
  if (outcome === 'barred' || outcome === 'epoch') return []
  expectOutcome(outcome, 'ok')
  return rows.filter((row) => row.part === parts.memory)
}

/** The tenant's own screening as it stands: upkeep has no caller whose token would say that another one does. */
async function policyOf(kernel: Kernel, due: DueShelf): Promise<ScreenPolicy> {
  type EnterRow = { readonly outcome: string; readonly policy_version: number; readonly policy: Buffer | null }
  const event = kernel.seams.ids.uuid(kernel.seams.clock.now())
  const args = [await detailOf(due, event)]
  const [row] = await kernel.doorways.read<EnterRow>({ doorway: 'enter', claims: claimsOf(due), event, args })
  expectOutcome(row?.outcome, 'ok')
  const { screening } = openTerms(await due.keys.own(), row!.policy_version, row!.policy)
  return screening === null ? kernel.screening.policy : checkScreenPolicy(screening)
}

async function distilOne(
  kernel: Kernel,
  due: DueShelf,
  key: DataKey,
  policy: ScreenPolicy,
  row: ReadingRow,
  memory: Memory,
): Promise<Made> {
  const { content, actor, expiresAt } = memory
  const isEndorsed = trusts.indexOf(memory.trust) > trusts.indexOf('user')
  const { screeners, distiller, distilPause } = kernel.screening
  const nowMs = kernel.seams.clock.now()
  const pausedUntilMs = isEndorsed ? null : distilPause.until(nowMs)
  if (pausedUntilMs !== null) return { ...nothing, againMs: againAfterFailure(memory, nowMs, pausedUntilMs) }
  // What an agent said in a talk is distilled like what a person said there: nobody stands behind it but the talk.
  const said = actor === 'agent' ? 'user' : actor
  const decision = await writeGate(
    { content, actor: said, speaker: memory.speaker },
    { screeners, distiller, policy, contentBytes: kernel.limits.contentBytes },
  )
  const failed = decision.outcome === 'pass' && decision.failed
  if (failed) distilPause.noteFailure(nowMs)
  else distilPause.noteAnswer()
  if (failed && !isEndorsed) return { ...nothing, againMs: againAfterFailure(memory, nowMs) }
  const kept = isEndorsed ? content : decision.outcome === 'pass' ? decision.kept : null
  if (kept === null) return nothing
  const details = detailsOf(memory)
  if (kept === content) {
    const labels = { ...labelsFrom(memory), expiresMs: null }
    const entry = await new RowOpener(due.keys, claimsOf(due)).openEntry(row)
    return { ...nothing, whole: sealMemory(key, labels, { content, details, entry }) }
  }
  const againMs = (expiresAt?.getTime() ?? nowMs) - beforeItsEndMs
  if (againMs > nowMs) return { ...nothing, againMs }
  return { ...nothing, part: await partOf(kernel, due, key, row, { memory, kept, details, nowMs }) }
}

/**
 * When an episode that the distiller failed at is due again: after half as long as it has been there, at least an hour and at most a day, so that it is tried
 * some fifty times in the thirty days of an episode. Null once a week has gone since it ended: then it is removed, undistilled.
 */
function againAfterFailure({ updatedAt, expiresAt }: Memory, nowMs: number, atMs?: number): number | null {
  if (expiresAt !== null && nowMs >= expiresAt.getTime() + pastItsEndMs) return null
  return atMs ?? nowMs + Math.min(Math.max(Math.floor((nowMs - updatedAt.getTime()) / 2), hourMs), 24 * hourMs)
}

/** Found by its words at once; its vector comes as that of what was added to be embedded later. */
async function partOf(
  kernel: Kernel,
  due: DueShelf,
  key: DataKey,
  row: ReadingRow,
  { memory, kept, details, nowMs }: { memory: Memory; kept: string; details: Details; nowMs: number },
) {
  const id = kernel.seams.ids.uuid(nowMs)
  const times = { atMs: memory.at.getTime(), createdMs: nowMs, updatedMs: nowMs, expiresMs: null }
  const labels = { ...labelsFrom(memory), id, version: 1, ...times, derivedFrom: [memory.id] }
  const { model } = decodeEntry(await new RowOpener(due.keys, claimsOf(due)).openEntry(row))
  const more = { atMs: times.atMs, importance: memory.importance }
  const index = { ...indexOf(kernel, kept, details, null, more), model }
  return { id, ...sealMemory(key, labels, { content: kept, details, entry: encodeEntry(index) }) }
}

async function store(
  kernel: Kernel,
  due: DueShelf,
  key: DataKey,
  episodes: readonly Memory[],
  made: readonly Made[],
): Promise<void> {
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const partly = made.flatMap(({ part }, place) => (part === null ? [] : [{ part, of: episodes[place]!.id }]))
  const wholes = made.map(({ whole }) => whole)
  const rows = await kernel.doorways.call<{ outcome: string }>({
    doorway: 'distil',
    event,
    atMs,
    claims: { ...claimsOf(due), shelfEpoch: key.epoch },
    args: [
      uuidArray(episodes.map(({ id }) => id)),
      episodes.map(({ version }) => version),
      int8Array(made.map(({ againMs }) => againMs)),
      wholes.map((whole) => whole?.content ?? null),
      wholes.map((whole) => whole?.details ?? null),
      wholes.map((whole) => whole?.entry ?? null),
      uuidArray(partly.map(({ part }) => part.id)),
      uuidArray(partly.map(({ of }) => of)),
      byteaArray(partly.map(({ part }) => part.content)),
      byteaArray(partly.map(({ part }) => part.details)),
      byteaArray(partly.map(({ part }) => part.entry)),
      await detailOf(due, event),
    ],
  })
  if (rows === 'committed') return
  if (rows[0]?.outcome === 'epoch') throw new Outdated('epoch')
  expectOutcome(rows[0]?.outcome, 'ok', 'barred')
}

function claimsOf(due: DueShelf): Claims {
  return {
    tenant: due.keys.tag,
    reach: due.subject.equals(due.keys.commonTag) ? 'common' : 'subject',
    shelf: due.subject,
    tenantEpoch: due.tenantEpoch,
    shelfEpoch: due.shelfEpoch,
    clearance: 0b111,
    writable: 0b111,
    actors: 0,
    rights: rightBits.upkeep,
    principal: due.keys.principalTag(byUpkeep.principal),
    policyVersion: 0,
  }
}

async function detailOf({ keys }: DueShelf, event: string): Promise<Buffer> {
  const key = await keys.own()
  const detail = encodeDetail(byUpkeep)
  return frameDetail('tenant', key.epoch, key.seal('audit', detail, detailContext(event)))
}
