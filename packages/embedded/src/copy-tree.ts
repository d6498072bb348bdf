import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
} from 'node:fs'
import { join } from 'node:path'
import { unavailable } from './failure.ts'
import type { ServerUser } from './server-user.ts'
import { syncDirectory } from './sync-directory.ts'

/**
 * Copies a directory with all that lies in it, durably; directories become 0700 and files 0600. `to` must not exist.
 * @param owner who gets the copy; null for the calling user
 * @throws Failure on anything but directories and plain files: a copy of a link would not be a copy
 */
export function copyTree(from: string, to: string, owner: ServerUser | null): void {
  mkdirSync(to, { mode: 0o700 })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyTree(source, target, owner)
    else if (entry.isFile()) copyFile(source, target, owner)
    else throw unavailable(`${source} is neither a directory nor a plain file.`)
  }
  if (owner !== null) chownSync(to, owner.uid, owner.gid)
  syncDirectory(to)
}

export function copyFile(from: string, to: string, owner: ServerUser | null): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  chmodSync(to, 0o600)
  const file = openSync(to, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  if (owner !== null) chownSync(to, owner.uid, owner.gid)
}
