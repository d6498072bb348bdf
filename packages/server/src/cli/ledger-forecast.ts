import type { LedgerPartSize } from 'memkeep/install'

export interface Forecast extends LedgerPartSize {
  /** Bytes a year from now, if it goes on as lately. */
  readonly bytesInAYear: number
}

const year = 365
/** Whole periods of reads go at a time, so reads are there for up to so many days longer than they are kept. */
const periodDays = 30

/** `keepReads`: after how many days reads go, and with them their leaves; null: never. */
export function forecast(parts: readonly LedgerPartSize[], keepReads: number | null): Forecast[] {
  const reads = parts.find(({ part }) => part === 'read')!
  const most = (perDay: number) => (keepReads === null ? Number.POSITIVE_INFINITY : (keepReads + periodDays) * perDay)
  const readsInAYear = Math.min(reads.rows + year * reads.rowsPerDay, most(reads.rowsPerDay))
  return parts.map((part) => {
    const grown = part.bytes + year * part.bytesPerDay
    if (part.part === 'read') return { ...part, bytesInAYear: Math.min(grown, most(part.bytesPerDay)) }
    // Each read that is not there any more has no leaf.
    const gone = part.part === 'leaf' ? reads.rows + year * reads.rowsPerDay - readsInAYear : 0
    const perLeaf = part.rows === 0 ? 0 : part.bytes / part.rows
    return { ...part, bytesInAYear: Math.max(0, grown - gone * perLeaf) }
  })
}
