/** One field of a canonical encoding. Numbers are safe integers. */
export type Field = string | number | Uint8Array | null | readonly string[]

/**
 * One byte string for one list of fields, and never the same for two lists: every field is preceded by a type byte and
 * its length (u32, big-endian). Joined strings are never used: `a-b` + `c` must differ from `a` + `b-c`.
 */
export function canonicalBytes(fields: readonly Field[]): Buffer {
  const parts: Uint8Array[] = [lengthOf(fields.length)]
  for (const field of fields) appendField(parts, field)
  return Buffer.concat(parts)
}

function appendField(parts: Uint8Array[], field: Field): void {
  if (field === null) {
    parts.push(header(0, 0))
  } else if (typeof field === 'string') {
    const bytes = Buffer.from(field, 'utf8')
    parts.push(header(1, bytes.length), bytes)
  } else if (typeof field === 'number') {
    if (!Number.isSafeInteger(field)) throw new RangeError('canonical numbers are safe integers')
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(field))
    parts.push(header(2, 8), bytes)
  } else if (field instanceof Uint8Array) {
    parts.push(header(3, field.length), field)
  } else {
    parts.push(header(4, field.length))
    for (const item of field) appendField(parts, item)
  }
}

function header(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = type
  bytes.writeUInt32BE(length, 1)
  return bytes
}

function lengthOf(count: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(count)
  return bytes
}
