import { byteaArray } from '../store/wire-arrays.ts'
import { type EndedInput, type EndedNote, endNoted } from './ended-versions.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

interface RetiredKey extends EndedNote {
  readonly outcome: string | null
  readonly tenant: Buffer
  readonly cause: string
  readonly action: number
}

/** The code of a key of the library's: it is among the deployment's own. */
const ofLibrary = 7
const atOnce = 1000
const first = '00000000-0000-0000-0000-000000000000'

/**
 * Deletes the keys of their own that versions of shared artifacts and of entries of the library had which nobody reads any more: they would open copies of
 * those in backups. Copies of the key records themselves open until the next erasure: of the tenant's by what that replaces, of the library's, which every tenant
 * has a part in, because what wraps them is replaced here. Killed anywhere, it is done again. Returns the number of notes that were not followed, as they name a
 * version that can be read, or none: they were not made by Memkeep, and stay.
 */
export async function retireKeys(input: EndedInput): Promise<number> {
  const { doorways, keyring, seams } = input
  const keys = await keyring.deployment()
  let refused = 0
  let done: readonly Buffer[] = []
  for (let after = [first, first]; ; ) {
    const event = seams.ids.uuid(seams.clock.now())
    const rows = await doorways.read<RetiredKey>({
      doorway: 'retired_keys',
      claims: upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
      event,
      args: [byteaArray(done), ...after, atOnce, await upkeepDetail(keys, event)],
    })
    const retired = rows.filter(({ outcome }) => outcome === null)
    if (retired.length === 0) return refused
    const ended: Buffer[] = []
    for (const [tenant, notes] of byTenant(retired, keys.tag)) {
      const of = Buffer.from(tenant, 'hex')
      const seals = await endNoted(input, of, notes)
      if (of.equals(keys.tag)) await keyring.versions.replaceWraps(of)
      await keyring.versions.forget(of)
      ended.push(...seals)
      refused += notes.length - seals.length
    }
    seams.reach('keys.retired')
    done = ended
    after = [retired.at(-1)!.artifact, retired.at(-1)!.cause]
  }
}

function byTenant(retired: readonly RetiredKey[], deployment: Buffer): Map<string, RetiredKey[]> {
  const found = new Map<string, RetiredKey[]>()
  for (const note of retired) {
    const tenant = (note.action === ofLibrary ? deployment : note.tenant).toString('hex')
    found.set(tenant, [...(found.get(tenant) ?? []), note])
  }
  return found
}
