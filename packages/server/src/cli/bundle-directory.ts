import { randomBytes } from 'node:crypto'
import { constants, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { type BundleFile, MemkeepError } from 'memkeep'
import type { LedgerBundle } from 'memkeep/verify'

const plainly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Of what is no tile. */
const mostBytes = 16 * 1024 * 1024
/** Of 256 hashes. */
const tileBytes = 256 * 32
/** Of 256 entries, each behind its length of 16 bits. */
const entriesBytes = 256 * (2 + 65_535)

function bound(path: string): number {
  if (path.startsWith('tile/entries/')) return entriesBytes
  return path.startsWith('tile/') ? tileBytes : mostBytes
}

/**
 * A bundle that lies in a directory. Whatever is no plain file there, a link say, is listed and has no bytes; one that is larger than any
 * good one of its kind is not read (`ERR_PROOF_INVALID`).
 */
export function bundleIn(directory: string): LedgerBundle {
  return {
    async list() {
      const found = await readdir(directory, { recursive: true, withFileTypes: true })
      return found
        .filter((each) => !each.isDirectory())
        .map((each) => relative(directory, join(each.parentPath, each.name)).split(sep).join('/'))
    },
    async read(path) {
      const file = await open(join(directory, ...path.split('/')), plainly).catch(() => null)
      if (file === null) return null
      try {
        const stat = await file.stat()
        if (!stat.isFile()) return null
        if (stat.size > bound(path)) throw new MemkeepError('ERR_PROOF_INVALID', 'it is larger than such a file can be')
        return await readFile(file)
      } finally {
        await file.close()
      }
    },
  }
}

/**
 * Writes the files into a directory beside `directory`, has them checked there, and puts it in place: a bundle of that name is
 * whole and right. Throws `ERR_INPUT_INVALID` when something stands there already, and what `check` throws.
 */
export async function writeBundleTo(
  directory: string,
  files: AsyncIterable<BundleFile>,
  check: (written: LedgerBundle) => Promise<unknown>,
): Promise<void> {
  const draft = `${directory}.${randomBytes(4).toString('hex')}.part`
  await made(() => mkdir(draft, { mode: 0o700 }))
  try {
    for await (const { path, bytes } of files) {
      const place = join(draft, ...path.split('/'))
      await mkdir(dirname(place), { recursive: true })
      const file = await open(place, 'wx')
      await file.writeFile(bytes).finally(() => file.close())
    }
    await check(bundleIn(draft))
    await made(() => rename(draft, directory))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function made(make: () => Promise<unknown>): Promise<void> {
  await make().catch((error: NodeJS.ErrnoException) => {
    throw new MemkeepError('ERR_INPUT_INVALID', `the directory cannot be made there (${error.code})`)
  })
}
