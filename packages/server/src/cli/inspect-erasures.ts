import type { Finding } from 'memkeep/install'
import { openKeep, type Place } from '../open-keep.ts'
import { progress } from './output.ts'

/** Erasures whose rows somebody wrote in the database: upkeep refuses them until they are as they were asked for, or gone. */
export async function inspectErasures(place: Place): Promise<Finding[]> {
  const { keep, says } = await openKeep(place, { searches: false, looks: true })
  await using _closing = keep
  for (const line of says) progress(line)
  return (await keep.refusedErasures()).map(({ id, why, removal }) => ({
    code: 'erasure-refused',
    message: `erasure ${id}: ${why}`,
    remedy: `find out who writes in the database; put back what was changed, or remove it as its administrator: ${removal} then ask again, if anybody had asked`,
    fatal: false,
  }))
}
