import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What the directory names is on disk when it resolves. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Makes what is missing of the path, for its owner alone: each that was made stands in the one above it, on disk when it resolves. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}
