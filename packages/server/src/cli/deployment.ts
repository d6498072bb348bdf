import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Keep, MemkeepError } from 'memkeep'
import { openKeep, type Place, placeOf } from '../open-keep.ts'
import type { Arguments } from './arguments.ts'
import { progress } from './output.ts'

/** Where the deployment lies that a command is about. */
export function placeFor(args: Arguments): Place {
  return placeOf(args.value('data'), process.env)
}

/**
 * Opens the deployment for one piece of work and closes it. An embedded one that is not there is made when `create` is set,
 * and refused otherwise: a mistyped directory must not become a deployment. Work that stores or finds memories says how it
 * `searches`.
 */
export async function withKeep<T>(
  args: Arguments,
  work: (keep: Keep) => Promise<T>,
  options: { readonly create?: boolean; readonly searches?: boolean } = {},
): Promise<T> {
  const place = placeFor(args)
  if (options.create !== true) refuseAbsent(place)
  else if (isAbsent(place)) progress(`making a deployment in ${(place as { dir: string }).dir} ...`)
  const { keep, says } = await openKeep(place, { searches: options.searches === true })
  for (const line of says) progress(line)
  await using _closing = keep
  return await work(keep)
}

export function refuseAbsent(place: Place): void {
  if (!isAbsent(place)) return
  throw new MemkeepError(
    'ERR_STORE_UNAVAILABLE',
    'there is no deployment in that directory: name it with --data DIR, or make one with `memkeep tenant create ID`',
  )
}

function isAbsent(place: Place): boolean {
  return place.kind === 'embedded' && !existsSync(join(place.dir, 'db', 'data'))
}
