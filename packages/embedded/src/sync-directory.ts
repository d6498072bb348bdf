import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes renames inside the directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
