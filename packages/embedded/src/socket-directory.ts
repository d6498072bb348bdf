import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unavailable } from './failure.ts'
import type { Layout } from './layout.ts'
import { port } from './logins.ts'
import type { ServerUser } from './server-user.ts'

/** Longest path of a socket in bytes: 107 on Linux, 103 on macOS. */
const longest = 103

/** @param directory absolute path */
export function socketFile(directory: string): string {
  return join(directory, `.s.PGSQL.${port}`)
}

/**
 * @returns absolute path of the socket's directory; null when there is none, or when it is not the server's own (its
 * owner is not the owner of the data, or others may enter): then nothing may connect to it
 */
export function findSocketDirectory(layout: Layout): string | null {
  try {
    const place = lstatSync(layout.socket)
    const directory = place.isSymbolicLink() ? readlinkSync(layout.socket) : layout.socket
    const stat = lstatSync(directory)
    const sound = stat.isDirectory() && (stat.mode & 0o777) === 0o700 && stat.uid === statSync(layout.data).uid
    return sound && fits(directory) ? directory : null
  } catch {
    return null
  }
}

/**
 * Like `findSocketDirectory`, but makes one where there is none. A path too long for a socket is replaced by a random
 * directory below the system's temporary one, which `layout.socket` then links to.
 */
export function ensureSocketDirectory(layout: Layout, user: ServerUser | null): string {
  const found = findSocketDirectory(layout)
  if (found) return found
  rmSync(layout.socket, { recursive: true, force: true })
  const directory = fits(layout.socket) ? layout.socket : shortDirectory()
  if (directory === layout.socket) mkdirSync(directory, { mode: 0o700 })
  if (user) chownSync(directory, user.uid, user.gid)
  if (directory !== layout.socket) symlinkSync(directory, layout.socket)
  const ready = findSocketDirectory(layout)
  if (!ready) throw unavailable(`Cannot make a private directory for the socket at ${directory}.`)
  return ready
}

/** Takes away a directory that lies outside; the next start makes another. */
export function removeShortDirectory(layout: Layout, directory: string): void {
  if (directory === layout.socket) return
  try {
    rmdirSync(directory)
    unlinkSync(layout.socket)
  } catch {
    // It is gone, or something lies in it: the next start decides.
  }
}

function shortDirectory(): string {
  const parent = [tmpdir(), '/tmp'].find((dir) => fits(join(dir, 'memkeep-XXXXXX')))
  if (!parent) throw unavailable('No temporary directory has a path short enough for a socket.')
  return mkdtempSync(join(parent, 'memkeep-'))
}

function fits(directory: string): boolean {
  return Buffer.byteLength(socketFile(directory)) <= longest
}
