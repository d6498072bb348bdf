import {
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Layout } from './layout.ts'
import { runAsServer, succeeded } from './run-as-server.ts'
import type { Secrets } from './secrets.ts'
import type { ServerUser } from './server-user.ts'
import { syncDirectory } from './sync-directory.ts'

const draftPrefix = 'new-'

/**
 * Makes the cluster beside its place and renames it there, so that a half-made one is never mistaken for a whole one.
 * Only the holder of the supervisor lock may call this.
 * @param bin directory of `initdb`
 */
export async function initCluster(
  layout: Layout,
  bin: string,
  secrets: Secrets,
  user: ServerUser | null,
): Promise<void> {
  for (const name of readdirSync(layout.dir)) {
    if (name.startsWith(draftPrefix)) rmSync(join(layout.dir, name), { recursive: true, force: true, maxRetries: 5 })
  }
  const draft = mkdtempSync(join(layout.dir, draftPrefix))
  mkdirSync(join(draft, 'data'), { mode: 0o700 })
  writeDurably(join(draft, 'password'), secrets.admin)
  if (user) for (const path of ['', 'data', 'password']) chownSync(join(draft, path), user.uid, user.gid)
  const program = { program: join(bin, 'initdb'), directories: [draft], args: initArguments, log: layout.log }
  await succeeded(runAsServer(program, user), 'initdb')
  writeDurably(join(draft, 'data', 'pg_hba.conf'), 'local all all scram-sha-256\n')
  renameSync(join(draft, 'data'), layout.data)
  syncDirectory(layout.dir)
  rmSync(draft, { recursive: true })
}

/** The built-in locale sorts alike under every C library, so an upgrade of the system cannot break an index. */
function initArguments(draft = ''): string[] {
  return [
    `--pgdata=${draft}/data`,
    `--pwfile=${draft}/password`,
    '--username=memkeep_admin',
    '--auth=scram-sha-256',
    '--data-checksums',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
}

/** An existing file keeps its owner and mode. */
function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600)
  writeSync(file, text)
  fsyncSync(file)
  closeSync(file)
}
