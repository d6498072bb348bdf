import { readFileSync } from 'node:fs'

/** Newest security minor of each PostgreSQL major that is supported, as of `asOf`. */
export interface SecurityMinors {
  /** Day on which the list was current, ISO 8601. */
  readonly asOf: string
  readonly minors: Readonly<Record<string, number>>
}

/** `current`: at or past the newest minor on the list; `unknown`: a major newer than the list. */
export type ServerAge = 'current' | 'old' | 'unsupported' | 'unknown'

/** Reads `security-minors.json`, which a maintainer updates with every PostgreSQL release. */
export function securityMinors(): SecurityMinors {
  return JSON.parse(readFileSync(new URL('../../src/store/security-minors.json', import.meta.url), 'utf8'))
}

/** @param version PostgreSQL's `server_version_num`, such as 180004 for 18.4 */
export function serverAge(version: number, { minors }: SecurityMinors): ServerAge {
  const majors = Object.keys(minors).map(Number)
  const major = Math.floor(version / 10_000)
  if (major < Math.min(...majors)) return 'unsupported'
  if (major > Math.max(...majors)) return 'unknown'
  const newest = minors[major]
  return newest === undefined || version % 10_000 < newest ? 'old' : 'current'
}

/** `180004` as people write it: `18.4`. */
export function versionText(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`
}
