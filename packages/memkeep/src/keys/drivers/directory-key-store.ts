import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { checkKeyName, checkKeyPrefix, type KeyStore } from '../key-store.ts'
import { checkOwnerOnly } from './owner-only.ts'

export interface DirectoryKeyStoreInput {
  /** Made with mode 0700 when absent. On one file system that has hard links; never below the database's directory. */
  readonly dir: string
}

const suffix = '.json'
const draftPrefix = '.new-'

/**
 * A key store in a directory, one file a record. Processes on one machine may share it. A write that was killed leaves the
 * old state, and a draft that is never read. Throws `ERR_STORE_UNSAFE` when others can enter the directory or own it.
 */
export function directoryKeyStore(input: DirectoryKeyStoreInput): KeyStore {
  return new DirectoryKeyStore(resolve(input.dir))
}

class DirectoryKeyStore implements KeyStore {
  readonly dir: string
  #checked = false

  constructor(dir: string) {
    this.dir = dir
    Object.freeze(this)
  }

  async get(name: string): Promise<Buffer | null> {
    const path = await this.#path(name)
    return orNull('ENOENT', readFile(path))
  }

  async putIfAbsent(name: string, record: Uint8Array): Promise<boolean> {
    const path = await this.#path(name)
    return this.#withDraft(record, async (draft) => {
      const put = await this.#intoPlace(path, () => succeeds('EEXIST', link(draft, path)))
      // Also by the loser: it goes on to use the winner's record.
      await syncDirectory(dirname(path))
      return put
    })
  }

  async replace(name: string, record: Uint8Array): Promise<void> {
    const path = await this.#path(name)
    await this.#withDraft(record, async (draft) => {
      await this.#intoPlace(path, () => rename(draft, path))
      await syncDirectory(dirname(path))
    })
  }

  async delete(name: string): Promise<boolean> {
    const path = await this.#path(name)
    await this.#deleteDrafts(path)
    if (!(await succeeds('ENOENT', unlink(path)))) return false
    await syncDirectory(dirname(path))
    await this.#pruneAbove(path)
    return true
  }

  async list(prefix: string): Promise<string[]> {
    checkKeyPrefix(prefix)
    await this.#prepare()
    const names: string[] = []
    await collect(join(this.dir, prefix), prefix, names)
    return names.sort()
  }

  async #path(name: string): Promise<string> {
    checkKeyName(name)
    await this.#prepare()
    return join(this.dir, name + suffix)
  }

  async #prepare(): Promise<void> {
    if (this.#checked) return
    await makeDirectory(this.dir)
    checkOwnerOnly(await stat(this.dir), this.dir)
    this.#checked = true
  }

  /** Writes the record beside all others, out of sight, and takes it away again when `use` has not moved it. */
  async #withDraft<T>(record: Uint8Array, use: (draft: string) => Promise<T>): Promise<T> {
    const draft = join(this.dir, draftPrefix + randomBytes(8).toString('hex'))
    try {
      const file = await open(draft, 'wx', 0o600)
      try {
        await file.writeFile(record)
        await file.sync()
      } finally {
        await file.close()
      }
      return await use(draft)
    } finally {
      await rm(draft, { force: true })
    }
  }

  /** Tries again when a deletion elsewhere took the empty directory away in between. */
  async #intoPlace<T>(path: string, place: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        await makeDirectory(dirname(path))
        return await place()
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || tries === 10) throw error
      }
    }
  }

  /** A put that was killed after it took effect left its draft: a second name of the same record. */
  async #deleteDrafts(path: string): Promise<void> {
    const record = await orNull('ENOENT', stat(path))
    if (record === null || record.nlink === 1) return
    for (const name of await readdir(this.dir)) {
      if (!name.startsWith(draftPrefix)) continue
      const draft = join(this.dir, name)
      const found = await orNull('ENOENT', stat(draft))
      if (found?.ino === record.ino) await rm(draft, { force: true })
    }
    await syncDirectory(this.dir)
  }

  /** Empty directories would go on telling that there was a subject. */
  async #pruneAbove(path: string): Promise<void> {
    for (let directory = dirname(path); directory !== this.dir; directory = dirname(directory)) {
      try {
        await rmdir(directory)
      } catch {
        return
      }
    }
  }
}

async function collect(directory: string, prefix: string, names: string[]): Promise<void> {
  const entries = (await orNull('ENOENT', readdir(directory, { withFileTypes: true }))) ?? []
  for (const entry of entries) {
    if (entry.isDirectory()) await collect(join(directory, entry.name), `${prefix}${entry.name}/`, names)
    else if (entry.name.endsWith(suffix)) names.push(prefix + entry.name.slice(0, -suffix.length))
  }
}

/** Makes what is missing of the path, durably. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

/** A directory that is gone was taken away by another process's deletion, with what we had in it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await orNull('ENOENT', open(path, 'r'))
  if (directory === null) return
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

/** False when it failed with exactly `code`. */
async function succeeds(code: string, call: Promise<void>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (codeOf(error) === code) return false
    throw error
  }
}

/** Null when it failed with exactly `code`. */
async function orNull<T>(code: string, result: Promise<T>): Promise<T | null> {
  try {
    return await result
  } catch (error) {
    if (codeOf(error) === code) return null
    throw error
  }
}
