import type { FileHandle } from 'node:fs/promises'

/** What every zstd frame begins with. */
export const zstdMagic = Buffer.from('28b52ffd', 'hex')

/**
 * Where the file's first zstd frame ends (RFC 8878 §3.1.1), by the sizes that its blocks state; null when it does not begin with one or ends
 * within. What stands behind that a decompressor may pass over in silence.
 */
export async function endOfFrame(file: FileHandle): Promise<number | null> {
  const { size } = await file.stat()
  const [magic, descriptor] = [await bytesAt(file, 0, 4), (await bytesAt(file, 4, 1))[0]]
  if (!magic.equals(zstdMagic) || descriptor === undefined) return null
  const oneSegment = (descriptor & 32) !== 0
  const sizeBytes = [oneSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!
  let at = 5 + (oneSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + sizeBytes
  for (let last = false; !last; ) {
    const header = await bytesAt(file, at, 3)
    if (header.length < 3) return null
    const block = header.readUIntLE(0, 3)
    last = (block & 1) === 1
    // One byte that is repeated (type 1) is stored once.
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3)
  }
  const end = at + ((descriptor & 4) === 0 ? 0 : 4)
  return end <= size ? end : null
}

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}
