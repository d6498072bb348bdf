import { uuidBytes } from '../core/ids.ts'

// Arrays as PostgreSQL takes them in binary: neither side writes or reads them as text, which for sealed bytes is twice as
// long. Layout: src/backend/utils/adt/arrayfuncs.c, array_recv. The driver sends a Buffer as it is.

/** Oids of element types (pg_type.dat). */
const oids = Object.freeze({ bytea: 17, int8: 20, int2: 21, text: 25, uuid: 2950 })

const headBytes = 20

function arrayOf<T>(
  oid: number,
  values: readonly (T | null)[],
  sizeOf: (value: T) => number,
  write: (into: Buffer, at: number, value: T) => void,
): Buffer {
  if (values.length === 0) {
    const empty = Buffer.alloc(12)
    empty.writeUInt32BE(oid, 8)
    return empty
  }
  let size = headBytes
  for (const value of values) size += 4 + (value === null ? 0 : sizeOf(value))
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeInt32BE(1, 0)
  bytes.writeInt32BE(values.includes(null) ? 1 : 0, 4)
  bytes.writeUInt32BE(oid, 8)
  bytes.writeInt32BE(values.length, 12)
  bytes.writeInt32BE(1, 16)
  let at = headBytes
  for (const value of values) {
    const length = value === null ? 0 : sizeOf(value)
    at = bytes.writeInt32BE(value === null ? -1 : length, at)
    if (value !== null) write(bytes, at, value)
    at += length
  }
  return bytes
}

export function uuidArray(values: readonly (string | null)[]): Buffer {
  return arrayOf(oids.uuid, values, always(16), (into, at, value) => into.set(uuidBytes(value), at))
}

export function int2Array(values: readonly number[]): Buffer {
  return arrayOf(oids.int2, values, always(2), (into, at, value) => into.writeInt16BE(value, at))
}

/** Of safe integers. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  return arrayOf(oids.int8, values, always(8), (into, at, value) => into.writeBigInt64BE(BigInt(value), at))
}

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return arrayOf(
    oids.bytea,
    values,
    (value) => value.length,
    (into, at, value) => into.set(value, at),
  )
}

export function textArray(values: readonly string[]): Buffer {
  return arrayOf(
    oids.text,
    values,
    (value) => Buffer.byteLength(value, 'utf8'),
    (into, at, value) => into.write(value, at, 'utf8'),
  )
}

function always(size: number): () => number {
  return () => size
}
