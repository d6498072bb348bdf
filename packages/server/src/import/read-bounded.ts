import { createReadStream } from 'node:fs'
import { MemkeepError } from 'memkeep'

/**
 * All of a file, or of stdin for `-`. Throws `ERR_INPUT_TOO_LARGE` when it is larger than `mostBytes`, having read no more
 * than that, and `ERR_INPUT_INVALID` when it cannot be read.
 */
export async function readBounded(path: string, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    const stream = path === '-' ? process.stdin : createReadStream(path)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > mostBytes) {
        throw new MemkeepError('ERR_INPUT_TOO_LARGE', `the file is larger than ${mostBytes >> 20} MiB: split it`)
      }
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof MemkeepError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new MemkeepError('ERR_INPUT_INVALID', `the file ${reasons[code ?? ''] ?? `cannot be read (${code})`}`)
  }
  return Buffer.concat(chunks)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by this user',
}
