import type { LogCaller } from './log-call.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

/** Removes API keys that ended more than a day ago, and whatever else ends by itself beside them. Returns how many keys. */
export async function expireKeys({ doorways, keyring, seams }: LogCaller): Promise<number> {
  const keys = await keyring.deployment()
  const event = seams.ids.uuid(seams.clock.now())
  const rows = await doorways.call<{ affected: number }>({
    doorway: 'expire_keys',
    claims: upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
    event,
    args: [await upkeepDetail(keys, event)],
  })
  return rows === 'committed' ? 0 : rows[0]!.affected
}
