import { MemkeepError } from '../core/errors.ts'
import { ceilingOf, trusts } from '../core/labels.ts'
import type { StoredReceipt } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import type { DataKey } from '../keys/data-key.ts'
import { byteaArray, int2Array, uuidArray } from '../store/wire-arrays.ts'
import { type Access, embedAllowed, hasRight, withAccess, writeDetail } from './access.ts'
import { askInVain } from './denied.ts'
import { columns, type Draft, draft, receiptOf, supersededBy, waitsForVector } from './draft.ts'
import { gate, type Placed, places, refuseContent } from './gate.ts'
import { readVersions } from './get.ts'
import { allVectorsOf, embeddedText, noVectors, shelfEntry, type Vectors } from './index-of.ts'
import type { CheckedInput } from './input.ts'
import { checkSignal } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { sealVerdict } from './quarantine.ts'
import { inSight } from './reach.ts'
import { boundTo, listenersOf, noteRefused, readersOf, talkOf } from './recalled.ts'
import { statementsOf } from './same-statement.ts'
import { openReceipts, requestLifetimeMs, sealRequest } from './sealed-request.ts'
import { expectFit, fitsShelf, noteWrite } from './shelves.ts'
import { callWrite, sealedSubjectName, type WriteAnswer } from './write.ts'

/**
 * When memories get their vectors. `now`: before they are stored, and an embedder that fails stores nothing. `later`: by upkeep
 * in a process that has the embedder, or by `reembed`; until then they are found by their words. `now-or-later`: later if the embedder fails now, in whatever way: a wrong key is
 * mended by whoever runs this, and a text that the embedder refuses for good is told from that by whoever works off the queue.
 */
export type Embed = (typeof embeds)[number]

export const embeds = ['now', 'later', 'now-or-later'] as const

export interface Batch {
  readonly inputs: readonly CheckedInput[]
  /** Turns of a talk: episodes first. */
  readonly isTranscript?: boolean
  readonly idempotencyKey: string | null
  readonly embed: Embed
  /** What names sources may come from more. */
  readonly madeFromMore?: boolean
  /** After the batch was sent the signal is no longer heeded: what was done is said. */
  readonly signal: AbortSignal | undefined
}

/** Stores memories in one commit: embed, seal, then one doorway call. All of them or none. */
export async function addBatch(kernel: Kernel, scope: ScopeClaims, batch: Batch): Promise<StoredReceipt[]> {
  if (batch.inputs.length === 0) return []
  checkSignal(batch.signal)
  const embed = () => vectorsFor(kernel, batch)
  let vectors = await embedAllowed(kernel, scope, rightBits.write, embed)
  return withAccess(kernel, scope, async (access) => {
    // Null: the policy that said no was not the standing one, or this is about to be refused.
    if (vectors === null && hasRight(access, rightBits.write)) vectors = await embed()
    const [first] = vectors ?? []
    if (batch.embed !== 'now-or-later') expectFit(kernel, access, first?.own ?? null)
    else if (!fitsShelf(kernel, access, first?.own ?? null)) vectors = batch.inputs.map(() => noVectors)
    return store(kernel, access, batch, vectors ?? [])
  })
}

/** Of all or of none: a batch is queued as a whole. */
async function vectorsFor(kernel: Kernel, { inputs, embed, signal }: Batch): Promise<Vectors[]> {
  const none = inputs.map(() => noVectors)
  if (embed === 'later') return none
  try {
    return await allVectorsOf(kernel, inputs.map(embeddedText), signal)
  } catch (error) {
    const mayWait = embed === 'now-or-later' && error instanceof MemkeepError && error.code === 'ERR_EMBEDDER'
    if (mayWait) return none
    throw error
  }
}

async function store(kernel: Kernel, given: Access, batch: Batch, vectors: Vectors[]): Promise<StoredReceipt[]> {
  const { inputs } = batch
  if ((given.claims.rights & rightBits.write) === 0) return refuseWrite(kernel, given)
  const access = withToolTrust(kernel, given, inputs)
  const key = await writingKey(access)
  if (key === null) return refuseWrite(kernel, access)
  const nowMs = kernel.seams.clock.now()
  const placed = await gate(kernel, access, inputs, batch.isTranscript ?? false, batch.signal)
  if (placed === null) {
    await noteRefused(kernel, access, inputs)
    return refuseContent(kernel, access, inputs.length)
  }
  await checkSuperseded(kernel, access, placed)
  const all = placed.map((input, at) => ({ input, asked: inputs[at]!, vectors: vectors[at]! }))
  const { first, placeOf, same } = statementsOf(access, key, batch.idempotencyKey === null ? all : [])
  const sent = batch.idempotencyKey === null ? first : all
  const drafts = sent.map((each) => draft(kernel, access, key, each.input, each.vectors, nowMs))
  const receipts = drafts.map(receiptOf)
  const request =
    batch.idempotencyKey === null ? null : sealRequest(access, key, batch.idempotencyKey, inputs, receipts)
  checkSignal(batch.signal)
  kernel.seams.reach('memory.sealed')
  const event = kernel.seams.ids.uuid(nowMs)
  const answer = await callWrite(kernel, access, key, {
    doorway: 'remember',
    event,
    atMs: nowMs,
    args: [
      await sealedSubjectName(access),
      ...columns(drafts),
      request?.key ?? null,
      request?.digest ?? null,
      request?.receipt ?? null,
      request === null ? null : nowMs + requestLifetimeMs,
      writeDetail(access, key, event),
      ...quotaArguments(access),
      ...gateArguments(kernel, access, key, batch, drafts, same),
    ],
  })
  kernel.seams.reach('memory.acknowledged')
  const supersedes = drafts.some((each) => supersededBy(each) !== null)
  const outcome = expectOutcome(answer.outcome, 'ok', 'replayed', 'missing', ...(supersedes ? ['quota' as const] : []))
  if (outcome === 'missing') throw notThere()
  if (outcome === 'quota') {
    throw new MemkeepError('ERR_QUOTA_EXCEEDED', 'the quota, or the versions of what is superseded, are used up')
  }
  if (outcome === 'replayed') return trustedAs(answer, await openReceipts(access, key, request!.key, answer.receipt!))
  const stored = await storedReceipts(kernel, access, answer, receipts)
  noteStored(kernel, access, answer, drafts, stored)
  if (batch.idempotencyKey !== null) return stored
  // Who says the same twice in one call is told of it the second time.
  return placeOf.map((place, at) =>
    placeOf.indexOf(place) < at ? { ...stored[place]!, outcome: 'stored', duplicate: true } : stored[place]!,
  )
}

function notThere(): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', 'derivedFrom or supersedes names a memory that this scope does not have')
}

/** A scope of one agent or session supersedes what it sees: the database does not know whose a memory is. */
async function checkSuperseded(kernel: Kernel, access: Access, placed: readonly Placed[]): Promise<void> {
  const { scope } = access
  if (scope.agent === null && scope.session === null) return
  for (const { supersedes } of placed) {
    if (supersedes === null) continue
    const [old] = await readVersions(kernel, access, supersedes, false)
    if (old === undefined || !inSight(scope, old)) throw notThere()
  }
}

const trustedAs = ({ trusts: came }: WriteAnswer, receipts: readonly StoredReceipt[]): StoredReceipt[] =>
  receipts.map((receipt, place) => ({ ...receipt, trust: came?.[place] ?? receipt.trust }))

/** What became of each: stored, or the same statement stood there already. */
async function storedReceipts(
  kernel: Kernel,
  access: Access,
  answer: WriteAnswer,
  receipts: readonly StoredReceipt[],
): Promise<StoredReceipt[]> {
  const stored: StoredReceipt[] = []
  for (const [place, receipt] of trustedAs(answer, receipts).entries()) {
    const id = answer.ids[place] ?? receipt.id
    if (id === receipt.id) {
      stored.push(receipt)
      continue
    }
    // Not told by an answer that was lost: the ledger has ids alone.
    const version = answer.versions?.[place] ?? (await readVersions(kernel, access, id, false))[0]?.version
    stored.push({ ...receipt, outcome: 'stored', id, version: version ?? 1, duplicate: true })
  }
  return stored
}

function noteStored(
  kernel: Kernel,
  access: Access,
  answer: WriteAnswer,
  drafts: readonly Draft[],
  stored: readonly StoredReceipt[],
): void {
  noteWrite(kernel, access, answer, (shelf, sees) => {
    for (const [at, { labels, index, input }] of drafts.entries()) {
      const { trust, duplicate, supersedes } = stored[at]!
      if (supersedes !== undefined) shelf.remove(supersedes)
      if (input.place === 'held' || duplicate || !sees(labels.sensitivity)) continue
      shelf.put(shelfEntry({ ...labels, trust }, access.shelf, index))
    }
  })
  for (const { labels, input } of drafts) kernel.screening.seen.set(labels.id, 1, access.screening, input.judgement)
}

/** The token states the most that a tool of this batch is trusted: the doorway has no other way to know. */
function withToolTrust({ tools }: Kernel, access: Access, inputs: readonly CheckedInput[]): Access {
  const said = inputs.filter(({ actor }) => actor === 'tool')
  const ceilings = said.map(({ tool }) => trusts.indexOf(ceilingOf('tool', tool, tools, access.scope.principal)))
  const most = Math.max(0, ...ceilings)
  return most === 0 ? access : { ...access, claims: { ...access.claims, actors: access.claims.actors | (most << 4) } }
}

/**
 * Trailing arguments of `remember`: what its readers were shown, where each goes, why what is held is held, whether vectors are to come, whose talk these are turns of, what
 * each supersedes, by which digest it is known, in which session it is said, how long a line of superseded ones may be, and whether sources are all. Null is the default of each.
 */
function gateArguments(
  { limits }: Kernel,
  access: Access,
  key: DataKey,
  { isTranscript = false, madeFromMore = false, inputs }: Batch,
  drafts: readonly Draft[],
  same: readonly (Buffer | null)[],
): unknown[] {
  const ifAny = <T>(values: readonly (T | null)[], array: (all: readonly (T | null)[]) => Buffer): Buffer | null =>
    values.some((value) => value !== null) ? array(values) : null
  const isPlain = drafts.every(({ input: { place, supersedes } }) => place === 'memory' && supersedes === null)
  const sessions = inputs.map(({ session }) => session)
  const args = [
    isTranscript ? byteaArray(readersOf(access, sessions)) : readersOfUndeclared(access, drafts, madeFromMore),
    isPlain ? null : int2Array(drafts.map(({ input }) => places[input.place])),
    ifAny(
      drafts.map((each) => heldVerdict(key, each)),
      byteaArray,
    ),
    drafts.some(waitsForVector) || null,
    isTranscript ? byteaArray(listenersOf(access, sessions)) : null,
    ifAny(drafts.map(supersededBy), uuidArray),
    ifAny(same, byteaArray),
    isTranscript
      ? null
      : ifAny(
          drafts.map(({ input }) => talkOf(access, input.session)),
          byteaArray,
        ),
    drafts.some((each) => supersededBy(each) !== null) ? limits.versions : null,
    madeFromMore || null,
  ]
  return args.slice(0, args.findLastIndex((arg) => arg !== null) + 1)
}

function heldVerdict(key: DataKey, { input, labels }: Draft): Buffer | null {
  return input.place === 'held' ? sealVerdict(key, labels.id, { moment: 'gate', ...input.judgement }) : null
}

/**
 * Who was shown or told what an agent may have made this from, beside what this principal itself told the sessions in which each is said. Of a batch in several
 * sessions, what those were shown that are bound to one of them counts for all. Whoever names sources is capped by these. What the user or the system says comes from no memory: to claim to be one of them needs the right for it.
 */
function readersOfUndeclared(access: Access, drafts: readonly Draft[], ofMore: boolean): Buffer | null {
  const made = drafts.filter(
    ({ labels: { actor, derivedFrom } }) =>
      (actor === 'agent' || actor === 'tool') && (ofMore || derivedFrom.length === 0),
  )
  if (made.length === 0) return null
  const sessions = made.map(({ input }) => input.session)
  return byteaArray([...readersOf(access, []), ...boundTo(access, sessions)])
}

/** Null for a subject that was erased: it gets no key. */
async function writingKey(access: Access): Promise<DataKey | null> {
  try {
    return await access.keys.forWriting(access.shelf)
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_KEY_DESTROYED') return null
    throw error
  }
}

/** Lets the doorway refuse and record who may not write, or whom was erased: no key is made for a subject on such a caller's word. */
export async function refuseWrite(kernel: Kernel, access: Access): Promise<never> {
  return askInVain(kernel, access, 'remember', [null, ...columns([]), null, null, null, null])
}

/** Without a quota the doorway reads nothing on its account. */
function quotaArguments({ quota: { memories, bytes } }: Access): (number | null)[] {
  return [memories ?? null, bytes ?? null]
}
