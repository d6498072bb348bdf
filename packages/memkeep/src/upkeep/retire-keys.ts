import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import { byteaArray } from '../store/wire-arrays.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

export interface RetireInput {
  /** Of the application's login. */
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
}

interface RetiredKey {
  readonly outcome: string | null
  readonly tenant: Buffer
  readonly action: number
  /** The tag in whose name the key was made. */
  readonly seal: Buffer
  readonly epoch: number
}

/** The code of a key of the library's: it is among the deployment's own. */
const ofLibrary = 7
const atOnce = 1000

/**
 * Deletes the keys of their own that versions of shared artifacts and of entries of the library had which nobody reads any more: they would open copies of
 * those in backups. Copies of the key records themselves open until the next erasure: of the tenant's by what that replaces, of the library's, which every tenant
 * has a part in, because what wraps them is replaced here. Killed anywhere, it is done again.
 */
export async function retireKeys({ doorways, keyring, seams }: RetireInput): Promise<void> {
  const keys = await keyring.deployment()
  for (let done: readonly Buffer[] = []; ; ) {
    const event = seams.ids.uuid(seams.clock.now())
    const rows = await doorways.read<RetiredKey>({
      doorway: 'retired_keys',
      claims: upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
      event,
      args: [byteaArray(done), atOnce, await upkeepDetail(keys, event)],
    })
    const retired = rows.filter(({ outcome }) => outcome === null)
    if (retired.length === 0) return
    for (const { tenant, action, seal, epoch } of retired) {
      if (action === ofLibrary) await keyring.destruction.deleteRecords({ tenant: keys.tag, subject: seal }, epoch)
      // Those of an erased tenant have gone with it.
      else if ((await keyring.erasedEpoch(tenant, null)) < epoch) {
        await keyring.destruction.deleteRecords({ tenant, subject: seal }, epoch)
      }
    }
    for (const { seal, epoch } of retired.filter(({ action }) => action === ofLibrary)) {
      await keyring.destruction.replaceWraps({ tenant: keys.tag, subject: seal }, epoch)
    }
    seams.reach('keys.retired')
    done = retired.map(({ seal }) => seal)
  }
}
