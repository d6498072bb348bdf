import type { Sensitivity, Trust } from '../core/labels.ts'
import type { Json } from '../core/memory.ts'

/** `ready`: it can be read. `hidden`: a source has gone, and it waits to be rebuilt without it. `dead`: hidden, and every try to rebuild it failed. */
export type ArtifactState = 'ready' | 'hidden' | 'dead'

export const artifactStates: readonly ArtifactState[] = Object.freeze(['ready', 'hidden', 'dead'] as const)

/** Something computed from memories. */
export interface Artifact {
  readonly id: string
  readonly version: number
  readonly kind: string
  /** Null while it is hidden: nothing of it is kept then. */
  readonly content: string | null
  readonly metadata: { readonly [key: string]: Json }
  readonly state: ArtifactState
  /** False for what a deletion cannot reach (`fine-tune`, `export`): it is registered, and told of as not covered. */
  readonly covered: boolean
  readonly trust: Trust
  readonly sensitivity: Sensitivity
  /** True when every subject of the tenant reads it. */
  readonly shared: boolean
  /** Memories and artifacts that it was made from, as far as they are still there. */
  readonly derivedFrom: readonly string[]
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Tries to rebuild it since it was hidden, and why the last one failed (an error's code). */
  readonly attempts: number
  readonly failure: string | null
}

/** What has left Memkeep when it is registered: a model that was trained, a file that was handed out. */
export const unreachableKinds: readonly string[] = Object.freeze(['fine-tune', 'export'])

/** Where an artifact's content is, as it stands in the database. */
export const places = Object.freeze({ here: 0, cache: 1, beyond: 2 })
