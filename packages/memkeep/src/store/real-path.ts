import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** The path with every link in it followed, as far as it exists. */
export function realPath(path: string): string {
  const absolute = resolve(path)
  if (existsSync(absolute)) return realpathSync(absolute)
  return dirname(absolute) === absolute ? absolute : join(realPath(dirname(absolute)), basename(absolute))
}
