import { type Actor, actors, type Sensitivity, sensitivities, type Trust, trusts } from '../core/labels.ts'

/** A row of `memkeep.reading` as the driver brings it. */
export interface ReadingRow {
  readonly outcome: string | null
  readonly part: number
  readonly subject: Buffer
  readonly shelf_version: number
  readonly id: string
  readonly version: number
  readonly sensitivity: number
  readonly trust: number
  readonly actor: number
  readonly kind: string
  readonly at_ms: number
  readonly created_ms: number
  readonly updated_ms: number
  readonly expires_ms: number | null
  readonly derived_from: string[]
  readonly epoch: number
  readonly content: Buffer
  readonly details: Buffer
  readonly entry: Buffer
}

/** Parts of an answer: see guards/07-reading.sql. */
export const parts = Object.freeze({
  outcome: 0,
  shelf: 1,
  memory: 2,
  entry: 3,
  removed: 4,
  artifact: 5,
  version: 6,
  aside: 7,
  verdict: 8,
})

/** The clear labels of one version of a memory: they stand in its associated data. Times in milliseconds. */
export interface Labels {
  readonly id: string
  readonly version: number
  readonly sensitivity: Sensitivity
  readonly trust: Trust
  readonly actor: Actor
  readonly kind: string
  readonly atMs: number
  readonly createdMs: number
  readonly updatedMs: number
  readonly expiresMs: number | null
  readonly derivedFrom: readonly string[]
  /** Of one that was superseded by what is trusted less by now: the line above which alone a search finds it. Not sealed. */
  readonly standsAbove?: Trust
}

export function labelsOf(row: ReadingRow): Labels {
  const above = row.trust >> 2
  return {
    id: row.id,
    version: row.version,
    sensitivity: sensitivities[row.sensitivity]!,
    trust: trusts[row.trust & 3]!,
    actor: actors[row.actor]!,
    kind: row.kind,
    atMs: row.at_ms,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    expiresMs: row.expires_ms,
    derivedFrom: row.derived_from,
    ...(above === 0 ? {} : { standsAbove: trusts[above - 1]! }),
  }
}
