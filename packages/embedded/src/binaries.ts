import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { unavailable } from './failure.ts'
import { cannotRun, platformPackage, runsOnGlibc } from './platform.ts'
import { publishBinaries } from './publish-binaries.ts'
import type { ServerUser } from './server-user.ts'
import { onlyOursToWrite } from './write-access.ts'

/**
 * Finds PostgreSQL's programs in a place where the server's OS user can run them and no other user can have written
 * them. They are put there from node_modules the first time: that directory may be out of the server user's reach, may
 * be replaced by `npm ci` under a running server, and lacks its library links when install scripts are denied.
 * @returns absolute path of the directory with `postgres` and `initdb`
 */
export function binaries(user: ServerUser | null): string {
  const source = packageRoot(platformPackage(process.platform, process.arch, runsOnGlibc))
  const { name, version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  const key = `postgres-${version}-${name.split('/').pop()}`
  let refusal: unknown
  for (const place of places()) {
    try {
      const target = publishBinaries(source, place, key)
      if (!onlyOursToWrite(target)) throw unavailable(`Other OS users could write to ${target}.`)
      tryOut(join(target, 'bin'), user)
      return join(target, 'bin')
    } catch (error) {
      refusal = error
    }
  }
  throw refusal
}

function packageRoot(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    throw unavailable(`${name} is not installed: install again without omitting optional dependencies.`, error)
  }
}

/** Root's places can be reached by every user; the last one serves users without a usable home. */
function places(): readonly string[] {
  const uid = process.getuid?.() ?? 0
  const last = join(tmpdir(), `memkeep-${uid}`)
  if (uid === 0) return ['/var/cache/memkeep', last]
  const cache = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
  return [join(process.env.XDG_CACHE_HOME || cache, 'memkeep'), last]
}

function tryOut(bin: string, user: ServerUser | null): void {
  const answer = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8', cwd: '/', ...user })
  if (answer.status === 0) return
  throw cannotRun(answer.error?.message ?? String(answer.stderr).trim())
}
