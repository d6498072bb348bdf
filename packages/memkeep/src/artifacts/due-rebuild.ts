/** A hidden artifact that was taken to be rebuilt, as the database brings it. */
export interface DueRebuild {
  readonly tenant: Buffer
  readonly subject: Buffer
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly attempts: number
  /** Of the tenant. */
  readonly epoch: number
  readonly sensitivity: number
  readonly created_ms: number
  readonly derived_from: string[]
}

/** How a rebuilding ended. `changed`: something else of it has gone meanwhile, or another process was faster. */
export type RebuildEnd = 'rebuilt' | 'dropped' | 'failed' | 'dead' | 'changed'
