import { byUpkeep, detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { MemkeepError } from '../core/errors.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import { isEarlierSeal } from '../keys/earlier-seals.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'
import { byteaArray } from '../store/wire-arrays.ts'
import { upkeepClaims } from './upkeep-call.ts'

export interface EndedInput {
  /** Of the application's login. */
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
}

/** What the database says of a version that ended. It is believed in nothing but which key to look for. */
export interface EndedNote {
  /** 16 bytes; null: it had no key of its own. */
  readonly seal: Buffer | null
  readonly artifact: string
  readonly epoch: number
}

const atOnce = 1000

/** Between the making of a version's key and the commit of its row there is less than this. */
const unsettledMs = 600_000

/**
 * Deletes the keys of their own of these versions (of the library: `tenant` is the deployment's tag). Only keys of versions are looked for, and none of one that can be
 * read goes: a note that names such a one is false. Returns the seals that are done with.
 */
export async function endNoted(input: EndedInput, tenant: Buffer, notes: readonly EndedNote[]): Promise<Buffer[]> {
  if (tenant.length !== 16) return []
  const named = notes.flatMap(({ seal }) => (seal?.length === 16 ? [seal] : []))
  const ended = await unread(input, tenant, named)
  await input.keyring.versions.end(tenant, ended)
  const refused = new Set<string>()
  for (const note of notes) {
    const { seal } = note
    if (seal === null || !ended.some((each) => each.equals(seal))) continue
    if (!(await endEarlier(input, tenant, note, seal))) refused.add(seal.toString('hex'))
  }
  return ended.filter((seal) => !refused.has(seal.toString('hex')))
}

/**
 * Deletes every key of a version that nobody can read, whatever notes there are: also one that a restored key store brought back. The ids of those that
 * may be being stored just now are the answer; they are left alone.
 */
export async function endUnread(input: EndedInput, tenant: Buffer): Promise<Buffer[]> {
  const { keyring, seams } = input
  // In this order: what is stored meanwhile stands in the second.
  const found = await unread(input, tenant, await keyring.versions.list(tenant))
  // One that says to be of later came from a clock that was wrong: it would be waited for until then.
  const isUnsettled = (id: Buffer) => Math.abs(seams.clock.now() - madeMs(id)) <= unsettledMs
  await keyring.versions.end(
    tenant,
    found.filter((id) => !isUnsettled(id)),
  )
  return found.filter(isUnsettled)
}

/** The time in a UUIDv7. */
const madeMs = (id: Buffer): number => id.readUIntBE(0, 6)

/** Those that no version has which can be read. */
async function unread(input: EndedInput, tenant: Buffer, seals: readonly Buffer[]): Promise<Buffer[]> {
  const left: Buffer[] = []
  for (let at = 0; at < seals.length; at += atOnce) {
    const asked = seals.slice(at, at + atOnce)
    const standing = new Set(await standingSeals(input, tenant, asked))
    left.push(...asked.filter((seal) => !standing.has(seal.toString('hex'))))
  }
  return left
}

async function standingSeals({ doorways, keyring, seams }: EndedInput, tenant: Buffer, seals: readonly Buffer[]) {
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const claims: Claims = { ...upkeepClaims(keys, keys.commonTag, 0, 0), tenant, reach: 'all', rights: rightBits.upkeep }
  const sealed = key.seal('audit', encodeDetail(byUpkeep), detailContext(event))
  const args = [byteaArray(seals), frameDetail('deployment', key.epoch, sealed)]
  const rows = await doorways.read<{ readonly outcome: string | null; readonly seal: Buffer }>({
    doorway: 'standing_seals',
    claims,
    event,
    args,
  })
  // Without a whole answer none is known to have ended.
  if (rows.find(({ outcome }) => outcome !== null)?.outcome !== 'ok')
    throw new MemkeepError('ERR_STORE_VERSION', 'the database answered what this version does not know')
  return rows.filter(({ outcome }) => outcome === null).map(({ seal }) => seal.toString('hex'))
}

/**
 * Of one whose key stands among the subjects' (`earlier-seals.ts`). False when a key stands there in the name of something else: the seal must be what this
 * artifact's id gives.
 */
async function endEarlier(
  { keyring }: EndedInput,
  tenant: Buffer,
  { artifact, epoch }: EndedNote,
  seal: Buffer,
): Promise<boolean> {
  const owner = { tenant, subject: seal }
  if ((await keyring.destruction.handles(owner, epoch)).length === 0) return true
  const deployment = await keyring.deployment()
  const isLibrarys = tenant.equals(deployment.tag)
  const keys = isLibrarys ? deployment : await keyring.tenantByTag(tenant)
  if (!isEarlierSeal(keys, isLibrarys ? 'library-key' : 'artifact-key', artifact, seal)) return false
  await keyring.destruction.deleteRecords(owner, epoch)
  if (isLibrarys) await keyring.destruction.replaceWraps(owner, epoch)
  return true
}
