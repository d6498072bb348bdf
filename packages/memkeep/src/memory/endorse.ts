import { MemkeepError } from '../core/errors.ts'
import { type Trust, trusts } from '../core/labels.ts'
import type { StoredReceipt } from '../core/memory.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { encodeEntry } from '../recall/index-entry.ts'
import { type Access, withAccess, writeDetail } from './access.ts'
import { readVersions } from './get.ts'
import { allVectorsOf, embeddedText, indexOf, shelfEntry } from './index-of.ts'
import { checkKeys, checkOneOf, lookupId } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { inSight } from './reach.ts'
import { sealMemory } from './row.ts'
import { expectFit, noteWrite } from './shelves.ts'
import { detailsOf, labelsFrom, receiptOfVersion } from './update.ts'
import { callWrite } from './write.ts'

export interface EndorseOptions {
  /** What it is trusted from now on. Default `agent`; `system` needs the right to claim that author. */
  readonly trust?: Exclude<Trust, 'external'>
  /**
   * The version that was reviewed: throws `ERR_VERSION_CONFLICT` unless it stands. Needed for a memory that was ever revised; of one that never was, there is
   * nothing else that could have been read.
   */
  readonly ifVersion?: number
  /**
   * What it was trusted when it was reviewed: throws `ERR_VERSION_CONFLICT` unless it still is. A memory falls, without a new version, when what it came from
   * is deleted, rejected or trusted less.
   */
  readonly ifTrust?: Trust
}

/**
 * Raises what a memory is trusted, after somebody reviewed it: the only way up. It is a new version of the same content, with the
 * same author and lineage. What came from it keeps its own trust; and it falls again when what it came from is deleted, rejected
 * or trusted less. Null when there is no such memory in sight. What is trusted as much already stays as it is.
 */
export async function endorse(
  kernel: Kernel,
  scope: ScopeClaims,
  given: unknown,
  options: unknown,
): Promise<StoredReceipt | null> {
  const id = lookupId(given)
  const keys = ['trust', 'ifVersion', 'ifTrust']
  const { trust = 'agent', ifVersion, ifTrust } = checkKeys<EndorseOptions>(options, 'endorse options', keys)
  checkOneOf<Trust>(trust, 'trust', ['user', 'agent', 'system'])
  if (ifTrust !== undefined) checkOneOf(ifTrust, 'ifTrust', trusts)
  if (ifVersion !== undefined && !(Number.isInteger(ifVersion) && ifVersion > 0)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'ifVersion must be a whole number from 1')
  }
  return withAccess(kernel, scope, (access) => raise(kernel, access, id, trust, { ifVersion, ifTrust }))
}

async function raise(
  kernel: Kernel,
  access: Access,
  id: string,
  trust: Trust,
  { ifVersion, ifTrust }: { readonly ifVersion: number | undefined; readonly ifTrust: Trust | undefined },
): Promise<StoredReceipt | null> {
  const [old] = await readVersions(kernel, access, id, false)
  if (old === undefined || !inSight(access.scope, old)) return null
  if (ifVersion !== undefined && old.version !== ifVersion) {
    throw new MemkeepError('ERR_VERSION_CONFLICT', 'another version stands there')
  }
  if (ifTrust !== undefined && old.trust !== ifTrust) {
    throw new MemkeepError('ERR_VERSION_CONFLICT', 'the memory is trusted otherwise than it was when it was read')
  }
  if (trusts.indexOf(old.trust) >= trusts.indexOf(trust)) {
    return receiptOfVersion(old, old.expiresAt)
  }
  if (ifVersion === undefined && old.version > 1) {
    throw new MemkeepError('ERR_VERSION_CONFLICT', 'the memory was revised: ifVersion must say which version was read')
  }
  const nowMs = kernel.seams.clock.now()
  const labels = { ...labelsFrom(old), version: old.version + 1, trust, updatedMs: nowMs }
  const details = detailsOf(old)
  const [vectors] = await allVectorsOf(kernel, [embeddedText(old)])
  expectFit(kernel, access, vectors!.own)
  const { own, ...former } = vectors!
  const index = indexOf(kernel, old.content, details, own, { ...former, atMs: labels.atMs, importance: old.importance })
  const key = await access.keys.forWriting(access.shelf)
  const sealed = sealMemory(key, labels, { content: old.content, details, entry: encodeEntry(index) })
  const event = kernel.seams.ids.uuid(nowMs)
  const answer = await callWrite(kernel, access, key, {
    doorway: 'endorse',
    event,
    atMs: nowMs,
    args: [
      id,
      old.version,
      trusts.indexOf(trust),
      labels.expiresMs,
      sealed.content,
      sealed.details,
      sealed.entry,
      writeDetail(access, key, event),
      ifTrust === undefined ? null : trusts.indexOf(ifTrust),
    ],
  })
  if (expectOutcome(answer.outcome, 'ok', 'missing') === 'missing') return null
  noteWrite(kernel, access, answer, (shelf, sees) => {
    shelf.remove(id)
    if (sees(labels.sensitivity)) shelf.put(shelfEntry(labels, access.shelf, index))
  })
  return receiptOfVersion(labels, old.expiresAt)
}
