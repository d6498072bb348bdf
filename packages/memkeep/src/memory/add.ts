import { MemkeepError } from '../core/errors.ts'
import { actors, ceilingOf, sensitivities, type Trust, trusts } from '../core/labels.ts'
import type { StoredReceipt } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { type DataKey, keyVersionOf } from '../keys/data-key.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import { encodeEntry, type IndexEntry } from '../recall/index-entry.ts'
import type { Labels } from '../store/reading.ts'
import { byteaArray, int2Array, int8Array, textArray, uuidArray } from '../store/wire-arrays.ts'
import { type Access, embedAllowed, hasRight, readDetail, withAccess, writeDetail } from './access.ts'
import { flagsOf, gate, type Placed, places, refuseContent } from './gate.ts'
import { allVectorsOf, embeddedText, indexOf, noVectors, shelfEntry, type Vectors } from './index-of.ts'
import type { CheckedInput } from './input.ts'
import { checkSignal } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { sealVerdict } from './quarantine.ts'
import { readersOf } from './recalled.ts'
import { type Details, sealMemory } from './row.ts'
import { noteWrite } from './shelves.ts'
import { callWrite, sealedSubjectName } from './write.ts'

/** Answers to calls with an idempotency key are kept for a day. */
const requestLifetimeMs = 86_400_000

/**
 * When memories get their vectors. `now`: before they are stored, and an embedder that fails stores nothing. `later`: by upkeep
 * in a process that has the embedder, or by `reembed`; until then they are found by their words. `now-or-later`: later if the embedder fails now.
 */
export type Embed = (typeof embeds)[number]

export const embeds = ['now', 'later', 'now-or-later'] as const

export interface Batch {
  readonly inputs: readonly CheckedInput[]
  /** Turns of a talk: episodes first. */
  readonly isTranscript?: boolean
  readonly idempotencyKey: string | null
  readonly embed: Embed
  /** After the batch was sent the signal is no longer heeded: what was done is said. */
  readonly signal: AbortSignal | undefined
}

interface Draft {
  readonly input: Placed
  readonly labels: Labels
  readonly index: IndexEntry
  readonly content: Buffer
  readonly details: Buffer
  readonly entry: Buffer
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
  if ((given.claims.rights & rightBits.write) === 0) return refuse(kernel, given)
  const access = withToolTrust(kernel, given, inputs)
  const key = await writingKey(access)
  if (key === null) return refuse(kernel, access)
  const nowMs = kernel.seams.clock.now()
  const placed = await gate(kernel, access, inputs, batch.isTranscript ?? false, batch.signal)
  if (placed === null) return refuseContent(kernel, access, inputs.length)
  const drafts = placed.map((input, index) => draft(kernel, access, key, input, vectors[index]!, nowMs))
  const receipts = drafts.map(receiptOf)
  const request = sealRequest(access, key, batch, receipts)
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
      ...gateArguments(access, key, drafts),
    ],
  })
  kernel.seams.reach('memory.acknowledged')
  const outcome = expectOutcome(answer.outcome, 'ok', 'replayed', 'missing')
  if (outcome === 'missing') {
    throw new MemkeepError('ERR_INPUT_INVALID', 'derivedFrom names a memory that this scope does not have')
  }
  const trusted = <T extends { readonly trust: Trust }>(stored: readonly T[]): T[] =>
    stored.map((each, place) => ({ ...each, trust: answer.trusts?.[place] ?? each.trust }))
  if (outcome === 'replayed') return trusted(await openReceipts(access, key, request!.key, answer.receipt!))
  const stored = trusted(drafts.map(({ labels }) => labels))
  noteWrite(kernel, access, answer, (shelf, sees) => {
    for (const [at, labels] of stored.entries()) {
      const { index, input } = drafts[at]!
      if (input.place !== 'held' && sees(labels.sensitivity)) shelf.put(shelfEntry(labels, access.shelf, index))
    }
  })
  for (const { labels, input } of drafts) kernel.screening.seen.set(labels.id, 1, access.screening, input.judgement)
  return trusted(receipts)
}

/** The token states the most that a tool of this batch is trusted: the doorway has no other way to know. */
function withToolTrust({ tools }: Kernel, access: Access, inputs: readonly CheckedInput[]): Access {
  const said = inputs.filter(({ actor }) => actor === 'tool')
  const most = said.reduce((high, { tool }) => Math.max(high, trusts.indexOf(ceilingOf('tool', tool, tools))), 0)
  return most === 0 ? access : { ...access, claims: { ...access.claims, actors: access.claims.actors | (most << 4) } }
}

/** Trailing arguments of `remember`: what its readers were shown, where each goes, why what is held is held, and whether vectors are to come. */
function gateArguments(access: Access, key: DataKey, drafts: readonly Draft[]): unknown[] {
  const readers = readersOfUndeclared(access, drafts)
  const waits = drafts.some(waitsForVector)
  if (!waits && drafts.every(({ input }) => input.place === 'memory')) return readers === null ? [] : [readers]
  const verdicts = drafts.map(({ input, labels }) =>
    input.place === 'held' ? sealVerdict(key, labels.id, { moment: 'gate', ...input.judgement }) : null,
  )
  return [readers, int2Array(drafts.map(({ input }) => places[input.place])), verdicts, waits]
}

/**
 * Who was shown what an agent may have made this from. Whoever names sources is capped by these. What the
 * user or the system says comes from no memory: to claim to be one of them needs the right for it.
 */
function readersOfUndeclared(access: Access, drafts: readonly Draft[]): Buffer | null {
  const made = drafts.filter(
    ({ labels: { actor, derivedFrom } }) => (actor === 'agent' || actor === 'tool') && derivedFrom.length === 0,
  )
  if (made.length === 0) return null
  return byteaArray(
    readersOf(
      access,
      made.map(({ input }) => input.session),
    ),
  )
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
async function refuse(kernel: Kernel, access: Access): Promise<never> {
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const nothing = [null, ...columns([]), null, null, null, null, await readDetail(access, event)]
  const { outcome } = await callWrite(kernel, access, null, { doorway: 'remember', event, atMs, args: nothing })
  expectOutcome(outcome)
  throw new MemkeepError('ERR_ACCESS_DENIED', 'the principal may not do this')
}

function draft(
  kernel: Kernel,
  access: Access,
  key: DataKey,
  input: Placed,
  { own, ...former }: Vectors,
  nowMs: number,
): Draft {
  const { content, actor, trust, sensitivity, kind, atMs, expiresMs, derivedFrom } = input
  const id = kernel.seams.ids.uuid(nowMs)
  const times = { atMs, createdMs: nowMs, updatedMs: nowMs, expiresMs }
  const { tags, metadata, source, session, speaker, importance, tool } = input
  const labels: Labels = { id, version: 1, sensitivity, trust, actor, kind, ...times, derivedFrom }
  const { agent } = access.scope
  const flags = flagsOf(input.judgement)
  const details: Details = { tags, metadata, source, agent, session, speaker, importance, tool, flags }
  const index = indexOf(kernel, content, details, own, { ...former, atMs, importance })
  return { input, labels, index, ...sealMemory(key, labels, { content, details, entry: encodeEntry(index) }) }
}

/** Without a quota the doorway reads nothing on its account. */
function quotaArguments({ quota: { memories, bytes } }: Access): (number | null)[] {
  return [memories ?? null, bytes ?? null]
}

/** The parallel arrays of the doorway `remember`. */
function columns(drafts: readonly Draft[]): unknown[] {
  const labels = drafts.map((item) => item.labels)
  return [
    uuidArray(labels.map((row) => row.id)),
    int2Array(labels.map((row) => actors.indexOf(row.actor))),
    int2Array(labels.map((row) => trusts.indexOf(row.trust))),
    int2Array(labels.map((row) => sensitivities.indexOf(row.sensitivity))),
    textArray(labels.map((row) => row.kind)),
    int8Array(labels.map((row) => row.atMs)),
    int8Array(labels.map((row) => row.expiresMs)),
    textArray(labels.map((row) => `{${row.derivedFrom.join(',')}}`)),
    byteaArray(drafts.map((item) => item.content)),
    byteaArray(drafts.map((item) => item.details)),
    byteaArray(drafts.map((item) => item.entry)),
  ]
}

function waitsForVector({ index }: Pick<Draft, 'index'>): boolean {
  return index.model !== null && index.vector === null
}

function receiptOf({ labels, index, input }: Draft): StoredReceipt {
  return {
    outcome: input.place === 'held' ? 'quarantined' : waitsForVector({ index }) ? 'queued' : 'stored',
    id: labels.id,
    version: labels.version,
    trust: labels.trust,
    durableUntil: labels.expiresMs === null ? null : new Date(labels.expiresMs),
    verdict: input.judgement.verdict,
  }
}

interface SealedRequest {
  readonly key: Buffer
  readonly digest: Buffer
  readonly receipt: Buffer
}

function sealRequest(
  access: Access,
  key: DataKey,
  batch: Batch,
  receipts: readonly StoredReceipt[],
): SealedRequest | null {
  if (batch.idempotencyKey === null) return null
  const tag = access.keys.keyedTag('request-key', batch.idempotencyKey)
  const asked = batch.inputs.map((input) => JSON.stringify(sorted({ agent: access.scope.agent, ...askedFor(input) })))
  const digest = access.keys.keyedTag('request-digest', canonicalBytes([asked]))
  return { key: tag, digest, receipt: key.seal('receipt', Buffer.from(JSON.stringify(receipts)), requestContext(tag)) }
}

/** What two calls must have in common to be the same: everything but a time that was not given. */
function askedFor(input: CheckedInput): Partial<CheckedInput> {
  const { atMs, atGiven, importance, tool, ...rest } = input
  return {
    ...rest,
    ...(atGiven ? { atMs } : {}),
    ...(importance === null ? {} : { importance }),
    ...(tool === null ? {} : { tool }),
  }
}

/** The same value with the keys of every object in order: two callers may write one object in two ways. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

function requestContext(tag: Buffer): (string | Buffer)[] {
  return ['request', tag]
}

async function openReceipts(access: Access, key: DataKey, tag: Buffer, sealed: Buffer): Promise<StoredReceipt[]> {
  const under = await access.keys.forOpening(access.shelf, key.epoch, keyVersionOf(sealed))
  const receipts = JSON.parse(under.open('receipt', sealed, requestContext(tag)).toString('utf8')) as StoredReceipt[]
  return receipts.map((receipt) => ({
    ...receipt,
    durableUntil: receipt.durableUntil === null ? null : new Date(receipt.durableUntil),
  }))
}
