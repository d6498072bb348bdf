/** One field of a canonical encoding. Numbers are safe integers. */
export type Field = string | number | Uint8Array | null | readonly string[]

/**
 * One byte string for one list of fields, and never the same for two lists: every field is preceded by a type byte and
 * its length (u32, big-endian). Joined strings are never used: `a-b` + `c` must differ from `a` + `b-c`.
 * Throws `RangeError` for a number that is not a safe integer.
 */
export function canonicalBytes(fields: readonly Field[]): Buffer {
  let size = 4
  for (const field of fields) size += sizeOf(field)
  const bytes = Buffer.allocUnsafe(size)
  let end = bytes.writeUInt32BE(fields.length, 0)
  for (const field of fields) end = writeField(bytes, end, field)
  return bytes
}

const headBytes = 5

function sizeOf(field: Field): number {
  if (field === null) return headBytes
  if (typeof field === 'string') return headBytes + Buffer.byteLength(field, 'utf8')
  if (typeof field === 'number') return headBytes + 8
  if (field instanceof Uint8Array) return headBytes + field.length
  let size = headBytes
  for (const item of field) size += sizeOf(item)
  return size
}

/** Returns where the next field begins. */
function writeField(into: Buffer, at: number, field: Field): number {
  const start = at + headBytes
  if (field === null) return writeHead(into, at, 0, 0)
  if (typeof field === 'string') {
    const length = into.write(field, start, 'utf8')
    writeHead(into, at, 1, length)
    return start + length
  }
  if (typeof field === 'number') {
    if (!Number.isSafeInteger(field)) throw new RangeError('canonical numbers are safe integers')
    writeHead(into, at, 2, 8)
    // Two's complement in two halves: the same bytes as a BigInt would give, without making one.
    into.writeInt32BE(Math.floor(field / 0x1_0000_0000), start)
    into.writeUInt32BE(field >>> 0, start + 4)
    return start + 8
  }
  if (field instanceof Uint8Array) {
    writeHead(into, at, 3, field.length)
    into.set(field, start)
    return start + field.length
  }
  let end = writeHead(into, at, 4, field.length)
  for (const item of field) end = writeField(into, end, item)
  return end
}

function writeHead(into: Buffer, at: number, type: number, length: number): number {
  into[at] = type
  return into.writeUInt32BE(length, at + 1)
}
