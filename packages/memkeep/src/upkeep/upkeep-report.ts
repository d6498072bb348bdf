/** What one pass of upkeep did. */
export interface UpkeepReport {
  /** Memories removed because their time had passed. */
  readonly expired: number
  /** Shelves that were swept. */
  readonly swept: number
  /** Episodes that were looked at: what of them stays for good. */
  readonly distilled: number
  /** Memories that had waited for their vector and have it now. Absent: this process has no embedder. */
  readonly embedded?: number
  /** Memories that had waited, whose text the embedder refuses: they wait no more, and are found by their words. */
  readonly refused?: number
  /** Erasures that had been broken off, or waited, and are done now. */
  readonly erased: number
  /** Events that got their place in their tenant's log. */
  readonly sequenced: number
  /** API keys removed because they ended more than a day ago. */
  readonly keys: number
  /** Hidden artifacts and entries of the library that were rebuilt, or dropped as nothing was left to say. Absent: this process rebuilds none. */
  readonly rebuilt?: number
  /** Reads that were put into the cold tier, and reads that left the database since they lie there. */
  readonly archived: number
  readonly emptied: number
}

/** Counts since the process began: passes of upkeep and of sequencing that failed, logs that the last sequencing could not sign. */
export interface UpkeepCounts {
  readonly failedPasses: number
  readonly failedSequencing: number
  readonly unsignedLogs: number
  /** Shelves with memories that still waited for vectors after the last pass. Absent before it, and without an embedder. */
  readonly waitingShelves?: number
}
