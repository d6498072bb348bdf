/** Upper bounds on what one call may bring, each with its own error. Sizes in bytes of UTF-8. */
export interface Limits {
  readonly contentBytes: number
  readonly metadataBytes: number
  readonly tags: number
  readonly tagChars: number
  readonly queryBytes: number
  /** Most memories that one search or list returns. */
  readonly results: number
  /** Most memories that one addMany or addMessages brings. */
  readonly batch: number
}

export const defaultLimits: Limits = Object.freeze({
  contentBytes: 32 * 1024,
  metadataBytes: 8 * 1024,
  tags: 32,
  tagChars: 128,
  queryBytes: 8 * 1024,
  results: 100,
  batch: 1000,
})
