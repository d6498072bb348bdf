import { nodeSha256 } from '../audit/node-sha256.ts'
import type { ErasureKind, ErasureScope } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { scopeCommit } from '../proof/scope-commit.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { callStep, type ErasurePlace } from './step-call.ts'

type Ids = NonNullable<ErasureScope['ids']>

/** The ids of a scope, sealed under the deployment's key for as long as its erasure is open: other stores may go by them. */
export async function sealNames({ keyring }: ErasureKernel, id: string, ids: Ids): Promise<Buffer> {
  const key = await (await keyring.deployment()).own()
  return key.seal('name', Buffer.from(JSON.stringify(ids), 'utf8'), contextOf(id))
}

/** Null of one that the restore guard repeats, which knows tags alone. Throws `ERR_SEAL_BROKEN` for names of anybody else than the erasure is of. */
export async function openNames(kernel: ErasureKernel, record: ErasureRecord): Promise<Ids | null> {
  const { id, names, kind, askedBy, done, scopeCommit: stated } = record
  if (names === null) {
    if (done || askedBy === 'guard') return null
    throw new MemkeepError('ERR_SEAL_BROKEN', 'whom the erasure is of was taken away in the database')
  }
  const key = await (await kernel.keyring.deployment()).own()
  const ids = JSON.parse(key.open('name', names, contextOf(id)).toString('utf8')) as Ids
  if (!(await commitOf(kernel, id, kind, ids)).equals(stated)) {
    throw new MemkeepError('ERR_SEAL_BROKEN', 'the erasure is of somebody else than it says')
  }
  return ids
}

/**
 * Says whose an erasure is that knows tags alone. False when it is not of these ids, by its own commitment. The place is that of the erasure.
 */
export async function nameErasure(
  kernel: ErasureKernel,
  place: ErasurePlace,
  { id, scopeCommit: stated }: Pick<ErasureRecord, 'id' | 'scopeCommit'>,
  ids: Ids,
): Promise<boolean> {
  if ((place.kind === 'tenant') !== (ids.subject === null)) return false
  if (!(await commitOf(kernel, id, place.kind, ids)).equals(stated)) return false
  await callStep(kernel, place, { doorway: 'name_erasure', args: [id, await sealNames(kernel, id, ids)] })
  return true
}

/** The commitment of an erasure to whom it is of. */
export async function commitOf(
  kernel: Pick<ErasureKernel, 'keyring'>,
  id: string,
  kind: ErasureKind,
  ids: Ids,
): Promise<Buffer> {
  return Buffer.from(scopeCommit(nodeSha256, await saltOf(kernel, id), { kind, ...ids }))
}

/** 16 bytes that only this deployment can make. */
export async function saltOf({ keyring }: Pick<ErasureKernel, 'keyring'>, id: string): Promise<Buffer> {
  return (await keyring.deployment()).keyedTag('erasure-salt', id)
}

function contextOf(id: string): string[] {
  return ['erasure', id, 'names']
}
