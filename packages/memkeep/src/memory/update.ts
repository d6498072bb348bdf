import { MemkeepError } from '../core/errors.ts'
import {
  type Actor,
  actors,
  lowerTrust,
  type Sensitivity,
  sensitivities,
  trustCeiling,
  trusts,
} from '../core/labels.ts'
import type { Json, Memory, StoredReceipt } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { checkText } from '../core/text.ts'
import type { DataKey } from '../keys/data-key.ts'
import { encodeEntry } from '../recall/index-entry.ts'
import type { Beside } from '../screening/beside.ts'
import { screenBeside, writeGate } from '../screening/write-gate.ts'
import type { Labels } from '../store/reading.ts'
import { type Access, withAccess, writeDetail } from './access.ts'
import { askInVain, checkedOrDenied, expectRight } from './denied.ts'
import { refuseContent } from './gate.ts'
import { readVersions } from './get.ts'
import { allVectorsOf, embeddedText, indexOf, shelfEntry } from './index-of.ts'
import { checkBound, checkExpiry, checkKeys, checkMetadata, checkOneOf, checkTags, lookupId } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { inSight } from './reach.ts'
import { noteRefused, readersOf, talkOf } from './recalled.ts'
import { type Details, sealMemory, sealVersion } from './row.ts'
import { expectFit, noteWrite } from './shelves.ts'
import { callWrite } from './write.ts'

/** What an update changes; what is absent stays. */
export interface MemoryPatch {
  readonly content?: string
  readonly tags?: readonly string[]
  readonly metadata?: { readonly [key: string]: Json }
  /** Goes for every version. Lowering it needs the right `reclassify`. */
  readonly sensitivity?: Sensitivity
  /** Null: no longer expires. An earlier end needs the right `delete`, or an author trusted no less than the memory. */
  readonly expiresAt?: Date | null
}

export interface UpdateOptions {
  /** Who authored the change: the new version is trusted no more than its author, nor than the version before. */
  readonly actor: Actor
  /** Throws `ERR_VERSION_CONFLICT` unless this version stands. */
  readonly ifVersion?: number
  /** The session that the change is said in; the memory stays in its own. Default: the scope's session. */
  readonly session?: string
}

interface CheckedUpdate {
  readonly patch: Partial<MemoryPatch>
  readonly actor: Actor
  readonly session: string | null
  readonly ifVersion: number | null
}

/** A new version in the place of the standing one, or null when there is no such memory in sight. */
export async function update(
  kernel: Kernel,
  scope: ScopeClaims,
  given: unknown,
  patch: unknown,
  options: unknown,
): Promise<StoredReceipt | null> {
  const id = lookupId(given)
  const nothing = [id, 0, null, null, null, null, null, null, null, [], [], []]
  const checked = await checkedOrDenied(
    kernel,
    scope,
    () => checkUpdate(kernel, scope, patch, options),
    (access) => askInVain(kernel, access, 'revise', nothing),
  )
  for (let attempt = 1; ; attempt++) {
    try {
      return await withAccess(kernel, scope, async (access) => {
        await expectRight(kernel, access, rightBits.read | rightBits.write, 'revise', nothing)
        return revise(kernel, access, id, checked)
      })
    } catch (error) {
      const lostRace = error instanceof MemkeepError && error.code === 'ERR_VERSION_CONFLICT'
      if (!lostRace || checked.ifVersion !== null) throw error
      if (attempt === mostTries) {
        throw new MemkeepError(error.code, 'the memory is being changed too often', { cause: error, retryable: true })
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * attempt))
    }
  }
}

/** Without `ifVersion` an update is made on whatever stands: who lost the race tries again, later and later. */
const mostTries = 40

function checkUpdate(kernel: Kernel, scope: ScopeClaims, given: unknown, options: unknown): CheckedUpdate {
  const { limits } = kernel
  const patch = checkKeys<MemoryPatch>(given, 'a patch', ['content', 'tags', 'metadata', 'sensitivity', 'expiresAt'])
  const { actor, ifVersion, session } = checkKeys<UpdateOptions>(options, 'update options', [
    'actor',
    'ifVersion',
    'session',
  ])
  if (ifVersion !== undefined && !(Number.isInteger(ifVersion) && ifVersion > 0)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'ifVersion must be a whole number from 1')
  }
  const { content, tags, metadata, sensitivity, expiresAt } = patch
  return {
    patch: {
      ...(content === undefined ? {} : { content: checkText(content, 'content', limits.contentBytes) }),
      ...(sensitivity === undefined ? {} : { sensitivity: checkOneOf(sensitivity, 'sensitivity', sensitivities) }),
      ...(expiresAt === undefined ? {} : { expiresAt: checkNewExpiry(expiresAt, kernel.seams.clock.now()) }),
      ...(tags === undefined ? {} : { tags: checkTags(tags, limits) }),
      ...(metadata === undefined ? {} : { metadata: checkMetadata(metadata, limits) }),
    },
    actor: checkOneOf(actor, 'actor', actors),
    session: checkBound(session, scope.session, 'session'),
    ifVersion: ifVersion ?? null,
  }
}

function checkNewExpiry(value: Date | null, nowMs: number): Date | null {
  return value === null ? null : new Date(checkExpiry(value, nowMs))
}

async function revise(
  kernel: Kernel,
  access: Access,
  id: string,
  change: CheckedUpdate,
): Promise<StoredReceipt | null> {
  const { patch, actor, session, ifVersion } = change
  const reclassifies = patch.sensitivity !== undefined
  const found = await readVersions(kernel, access, id, reclassifies)
  const versions = found.filter((version) => version.id === id)
  const old = versions[0]
  if (old === undefined || !inSight(access.scope, old)) return null
  if (ifVersion !== null && old.version !== ifVersion) {
    throw new MemkeepError('ERR_VERSION_CONFLICT', 'another version stands there')
  }
  if (!onlyRestricts(old, patch, kernel.seams.clock.now())) checkRoom(kernel, old)
  await checkContent(kernel, access, old, change)
  const nowMs = kernel.seams.clock.now()
  const labels = revisedLabels(old, patch, actor, nowMs)
  const content = patch.content ?? old.content
  const details: Details = { ...detailsOf(old), tags: patch.tags ?? old.tags, metadata: patch.metadata ?? old.metadata }
  const [vectors] = await allVectorsOf(kernel, [embeddedText({ content, speaker: details.speaker })])
  expectFit(kernel, access, vectors!.own)
  const key = await access.keys.forWriting(access.shelf)
  const { own, ...former } = vectors!
  const index = indexOf(kernel, content, details, own, { ...former, atMs: labels.atMs, importance: details.importance })
  const sealed = sealMemory(key, labels, { content, details, entry: encodeEntry(index) })
  const relabelled =
    labels.sensitivity === old.sensitivity ? [] : versions.map((each) => relabel(key, each, labels.sensitivity))
  const talk = talkOf(access, session)
  const event = kernel.seams.ids.uuid(nowMs)
  const answer = await callWrite(kernel, access, key, {
    doorway: 'revise',
    event,
    atMs: nowMs,
    args: [
      id,
      old.version,
      sensitivities.indexOf(labels.sensitivity),
      trusts.indexOf(labels.trust),
      actors.indexOf(actor),
      labels.expiresMs,
      sealed.content,
      sealed.details,
      sealed.entry,
      relabelled.map((each) => each.version),
      relabelled.map((each) => each.content),
      relabelled.map((each) => each.details),
      writeDetail(access, key, event),
      access.quota.bytes ?? null,
      actor === 'agent' || actor === 'tool' ? readersOf(access, [details.session, session]) : null,
      talk === null ? null : [talk],
      content === old.content,
    ],
  })
  if (expectOutcome(answer.outcome, 'ok', 'missing') === 'missing') return null
  const trust = answer.trusts?.[0] ?? labels.trust
  noteWrite(kernel, access, answer, (shelf, sees) => {
    shelf.remove(id)
    if (sees(labels.sensitivity)) shelf.put(shelfEntry({ ...labels, trust }, access.shelf, index))
  })
  const durableUntil = labels.expiresMs === null ? null : new Date(labels.expiresMs)
  return receiptOfVersion({ ...labels, trust }, durableUntil)
}

/** Throws `ERR_QUOTA_EXCEEDED` where a memory has as many versions as it may: a history brings them at once. */
function checkRoom({ limits }: Kernel, { version }: Memory): void {
  if (version < limits.versions) return
  throw new MemkeepError('ERR_QUOTA_EXCEEDED', `a memory has at most ${limits.versions} versions: add a new one`)
}

/**
 * What hides a memory more, or ends it sooner, is not refused for the number of its versions: whoever may write could use them up. That it ends sooner
 * leaves it at most half of its time, so that these versions have an end too.
 */
function onlyRestricts({ sensitivity, expiresAt }: Memory, patch: Partial<MemoryPatch>, nowMs: number): boolean {
  const { sensitivity: to = sensitivity, expiresAt: end = expiresAt, ...others } = patch
  const [from, until] = [sensitivities.indexOf(sensitivity), sensitivities.indexOf(to)]
  const leftMs = (at: Date | null) => (at === null ? Number.POSITIVE_INFINITY : at.getTime() - nowMs)
  const [before, after] = [leftMs(expiresAt), leftMs(end)]
  const isSooner = after < Number.POSITIVE_INFINITY && after <= before / 2
  if (Object.keys(others).length > 0 || until < from || (end !== expiresAt && !isSooner)) return false
  return until > from || end !== expiresAt
}

/** Of a new version of a memory. */
export function receiptOfVersion(
  { id, version, trust }: Pick<Labels, 'id' | 'version' | 'trust'>,
  durableUntil: Date | null,
): StoredReceipt {
  return { outcome: 'stored', id, version, trust, durableUntil, verdict: 'allow' }
}

/**
 * A new version must be such that it may stay for good: what would be held, or be an episode, is refused here; and so is what would make an episode
 * outlive its time. Whoever wants it kept adds it.
 */
async function checkContent(kernel: Kernel, access: Access, old: Memory, change: CheckedUpdate): Promise<void> {
  const { patch, actor: reviser, session } = change
  const isNew = patch.content !== undefined && patch.content !== old.content
  const { tags, metadata } = patch
  const beside = { ...(tags === undefined ? {} : { tags }), ...(metadata === undefined ? {} : { metadata }) }
  if (!isNew && !outlivesEpisode(old, patch)) return checkBeside(kernel, access, beside, change)
  const content = patch.content ?? old.content
  // As upkeep distils it: nobody stands behind what an agent said in a talk but the talk. A version's author may be whoever set a tag last.
  const actor = isNew ? reviser : old.actor === 'tool' ? 'tool' : 'user'
  const { screeners, distiller } = kernel.screening
  const decision = await writeGate(
    { content, actor, speaker: old.speaker, ...beside },
    { screeners, distiller, policy: access.screening, contentBytes: kernel.limits.contentBytes },
  )
  if (decision.outcome === 'pass' && decision.kept === content) return
  await noteRefused(kernel, access, [{ session, actor, tool: null, derivedFrom: [], maxTrust: null }])
  await refuseContent(kernel, access, 1)
}

/** Tags and metadata are no statement to be distilled: they are screened alone. */
async function checkBeside(
  kernel: Kernel,
  access: Access,
  beside: Beside,
  { actor, session }: CheckedUpdate,
): Promise<void> {
  const { screeners } = kernel.screening
  if ((await screenBeside(beside, actor, { screeners, policy: access.screening })) === null) return
  await noteRefused(kernel, access, [{ session, actor, tool: null, derivedFrom: [], maxTrust: null }])
  await refuseContent(kernel, access, 1)
}

/** What ends and is trusted no more than a person may be an episode: all of which stayed only because it ends. */
function outlivesEpisode({ trust, expiresAt }: Memory, patch: Partial<MemoryPatch>): boolean {
  if (expiresAt === null || patch.expiresAt === undefined || lowerTrust(trust, 'user') !== trust) return false
  return patch.expiresAt === null || patch.expiresAt > expiresAt
}

function revisedLabels(old: Memory, patch: Partial<MemoryPatch>, actor: Actor, nowMs: number): Labels {
  const { expiresAt = old.expiresAt } = patch
  return {
    ...labelsFrom(old),
    version: old.version + 1,
    sensitivity: patch.sensitivity ?? old.sensitivity,
    trust: lowerTrust(old.trust, trustCeiling[actor]),
    actor,
    updatedMs: nowMs,
    expiresMs: expiresAt === null ? null : expiresAt.getTime(),
  }
}

/** A version sealed anew under another sensitivity; all else about it stays. */
function relabel(key: DataKey, memory: Memory, sensitivity: Sensitivity) {
  const sealed = sealVersion(key, { ...labelsFrom(memory), sensitivity }, memory.content, detailsOf(memory))
  return { version: memory.version, ...sealed }
}

export function labelsFrom(memory: Memory): Labels {
  const { id, version, sensitivity, trust, actor, kind, derivedFrom, standsAbove } = memory
  return {
    id,
    version,
    sensitivity,
    trust,
    actor,
    kind,
    atMs: memory.at.getTime(),
    createdMs: memory.createdAt.getTime(),
    updatedMs: memory.updatedAt.getTime(),
    expiresMs: memory.expiresAt === null ? null : memory.expiresAt.getTime(),
    derivedFrom,
    ...(standsAbove === undefined ? {} : { standsAbove }),
  }
}

export function detailsOf({
  tags,
  metadata,
  source,
  agent,
  session,
  speaker,
  importance,
  tool,
  flags,
  supersedes,
}: Memory): Details {
  return { tags, metadata, source, agent, session, speaker, importance, tool, flags, supersedes }
}
