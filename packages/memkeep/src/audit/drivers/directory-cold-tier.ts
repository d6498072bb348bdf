import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { MemkeepError } from '../../core/errors.ts'
import { makeDirectory, syncDirectory } from '../../core/synced-directory.ts'
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
  await makeDirectory(dirname(path))
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
