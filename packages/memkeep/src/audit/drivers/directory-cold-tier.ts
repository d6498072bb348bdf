import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MemkeepError } from '../../core/errors.ts'
import type { ColdTier } from '../cold-tier.ts'

/**
 * A directory for the cold tier, made when it is absent, readable by its owner alone. It must lie outside the database's, and
 * belongs into its own backups: nothing in it is in the database any more.
 */
export function directoryColdTier({ dir }: { readonly dir: string }): ColdTier {
  const root = resolve(dir)
  return {
    name: root,
    dir: root,
    put: (name, bytes) => told(() => put(join(root, checked(name)), bytes)),
    get: (name) =>
      told(async () => {
        try {
          return await readFile(join(root, checked(name)))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
          throw error
        }
      }),
  }
}

function checked(name: string): string {
  if (/^[0-9a-f]{32}\/[0-9]+-[0-9]+-[0-9]+\.ndjson\.zst$/.test(name)) return name
  throw new MemkeepError('ERR_INPUT_INVALID', 'not a name of the cold tier')
}

/** Written beside, synced, put in its place, and the places synced: whatever a crash leaves, a name is whole or absent. */
async function put(path: string, bytes: Uint8Array): Promise<void> {
  const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${process.pid}.new`
  try {
    const file = await open(beside, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
  // Each directory that was made stands in the one above it.
  if (made === undefined) return
  for (let at = dirname(path); at !== dirname(made); at = dirname(at)) await syncDirectory(dirname(at))
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof MemkeepError) throw cause
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the cold tier cannot be read or written', {
      cause,
      retryable: true,
    })
  }
}
