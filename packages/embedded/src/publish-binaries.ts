import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ours } from './write-access.ts'

/**
 * Puts a platform package's PostgreSQL at `place/key`, whole or not at all, unless it is there already.
 * @param source root of the installed package
 * @returns absolute path of the published tree (`bin`, `lib`, `share`); readable by every OS user
 */
export function publishBinaries(source: string, place: string, key: string): string {
  const target = join(place, key)
  if (existsSync(target)) return target
  if (!existsSync(place)) {
    mkdirSync(place, { recursive: true })
    chmodSync(place, 0o755)
  }
  const draft = mkdtempSync(join(place, '.new-'))
  try {
    copyTree(join(source, 'native'), draft)
    linkLibraries(source, draft)
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another process published the same tree a moment earlier.
    if (!existsSync(target)) throw error
  }
  return target
}

function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  chmodSync(to, 0o755)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) copyTree(join(from, entry.name), join(to, entry.name))
    if (entry.isFile()) copyProgram(join(from, entry.name), join(to, entry.name))
  }
}

function copyProgram(from: string, to: string): void {
  const stat = statSync(from)
  const mode = (stat.mode & 0o100) === 0 ? 0o644 : 0o755
  if (mayLink(stat, mode) && linked(from, to)) return
  copyFileSync(from, to)
  chmodSync(to, mode)
}

/** A hard link shares owner and mode with the original, so those must be what a copy would get. */
function mayLink(stat: Stats, mode: number): boolean {
  return ours(stat) && (stat.mode & 0o7777) === mode
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch {
    return false
  }
}

/** Does what the package's install script does; npm packages cannot hold symbolic links. */
function linkLibraries(source: string, draft: string): void {
  const list = join(source, 'native', 'pg-symlinks.json')
  const links: SharedLibrary[] = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : []
  for (const { source: library, target } of links) {
    const path = join(draft, target.replace(/^native\//, ''))
    if (dirname(library) === dirname(target) && !existsSync(path)) symlinkSync(basename(library), path)
  }
}

interface SharedLibrary {
  readonly source: string
  readonly target: string
}
