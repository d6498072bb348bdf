import { joined } from './byte-string.ts'
import { proofInvalid } from './proof-invalid.ts'
import { tileWidth } from './tile-path.ts'

/** An entry's most bytes: its length stands in 16 bits. */
export const maxEntryBytes = 65_535

/** C2SP tlog-tiles: each entry after its length (u16, big-endian). Throws `RangeError` for an entry that is too long. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  return joined(
    ...entries.flatMap((entry) => {
      if (entry.length > maxEntryBytes) throw new RangeError('a log entry is longer than 65,535 bytes')
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]
    }),
  )
}

/** The entries of a bundle. Throws `ERR_PROOF_INVALID` unless there are exactly `width` and nothing after them. */
export function decodeEntries(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let offset = 0
  while (offset < bytes.length && entries.length < tileWidth) {
    const end = offset + 2 + (bytes[offset]! << 8) + (bytes[offset + 1] ?? 0)
    if (offset + 2 > bytes.length || end > bytes.length) throw proofInvalid('its last entry is cut short')
    entries.push(bytes.subarray(offset + 2, end))
    offset = end
  }
  if (entries.length !== width || offset !== bytes.length) throw proofInvalid(`it does not hold ${width} entries`)
  return entries
}
