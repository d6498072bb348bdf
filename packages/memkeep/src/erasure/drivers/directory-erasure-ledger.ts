import { randomBytes } from 'node:crypto'
import { link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MemkeepError } from '../../core/errors.ts'
import { makeDirectory, syncDirectory } from '../../core/synced-directory.ts'
import type { ErasureLedger } from '../erasure-ledger.ts'

const nameForm = /^\d{10}\.json$/
const draftPrefix = '.new-'
/** Longer than any process takes from writing a draft to putting it in its place. */
const draftMs = 3_600_000
/** Open at a time: a process may have few files left, and there is a line for each erasure that ever was. */
const openAtOnce = 64

/**
 * An erasure ledger in a directory, one file a line. Keep it on another disk than the database and the key store, and out of their
 * backups: a restore must not take it back. Made with mode 0700 when absent; on a file system that has hard links.
 */
export function directoryErasureLedger(input: { readonly dir: string }): ErasureLedger {
  const dir = resolve(input.dir)
  return Object.freeze({
    put: (place: number, line: string) =>
      withDraft(dir, line, async (draft) => {
        try {
          await link(draft, join(dir, nameOf(place)))
          return true
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
          throw error
        }
      }),
    async replace(place: number, line: string) {
      await withDraft(dir, line, (draft) => rename(draft, join(dir, nameOf(place))))
      await removeLeftDrafts(dir)
    },
    async read() {
      const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      })
      const own = names.filter((name) => nameForm.test(name)).sort()
      if (own.some((name, index) => name !== nameOf(index + 1))) {
        throw new MemkeepError('ERR_STORE_ROLLED_BACK', 'the erasure ledger lacks a line')
      }
      const lines: string[] = []
      for (let at = 0; at < own.length; at += openAtOnce) {
        const some = own.slice(at, at + openAtOnce)
        lines.push(...(await Promise.all(some.map((name) => readFile(join(dir, name), 'utf8')))))
      }
      return lines
    },
  })
}

function nameOf(place: number): string {
  return `${String(place).padStart(10, '0')}.json`
}

/** A process that was killed left its draft, which may be a second name of a line that has expired since. */
async function removeLeftDrafts(dir: string): Promise<void> {
  const before = Date.now() - draftMs
  for (const name of await readdir(dir)) {
    if (!name.startsWith(draftPrefix)) continue
    const draft = join(dir, name)
    const found = await stat(draft).catch(() => null)
    if (found !== null && found.mtimeMs < before) await rm(draft, { force: true })
  }
}

/** Durable before it is in its place, and its place durable before the answer. */
async function withDraft<T>(dir: string, line: string, use: (draft: string) => Promise<T>): Promise<T> {
  await makeDirectory(dir)
  const draft = join(dir, draftPrefix + randomBytes(8).toString('hex'))
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(line)
      await file.sync()
    } finally {
      await file.close()
    }
    const done = await use(draft)
    await syncDirectory(dir)
    return done
  } finally {
    await rm(draft, { force: true })
  }
}
