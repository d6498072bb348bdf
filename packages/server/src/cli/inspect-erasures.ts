import type { Finding } from 'memkeep/install'
import { operatorGrant } from '../authn/operator.ts'
import { openKeep, type Place } from '../open-keep.ts'
import { openLine } from './erase.ts'
import { progress } from './output.ts'

/** Erasures that are not done; and those whose rows somebody wrote in the database: upkeep refuses them until they are as they were asked for, or gone. */
export async function inspectErasures(place: Place): Promise<Finding[]> {
  const { keep, says } = await openKeep(place, { searches: false, looks: true })
  await using _closing = keep
  for (const line of says) progress(line)
  const refused = await keep.refusedErasures()
  const open = await keep.privileged(operatorGrant('memkeep doctor', 'erase')).erasures.list()
  return [
    ...refused.map(({ id, why, removal }) => ({
      code: 'erasure-refused',
      message: `erasure ${id}: ${why}`,
      remedy: `find out who writes in the database; put back what was changed, or remove it as its administrator: ${removal} then ask again, if anybody had asked`,
      fatal: false,
    })),
    ...open
      .filter(({ id }) => !refused.some((each) => each.id === id))
      .map((each) => ({
        code: 'erasure-open',
        message: openLine(each),
        remedy: 'let upkeep run in a process that has every store of the plan; `memkeep erasure show ID` says more',
        fatal: false,
      })),
  ]
}
