/** What a principal may do, as bits of the scope token. Never renumber: doorways test these bits. */
export const rightBits = Object.freeze({
  /** search, get, list, history */
  read: 1 << 0,
  /** add, update */
  write: 1 << 1,
  /** delete, deleteMany */
  delete: 1 << 2,
  /** write and delete what belongs to the tenant as a whole */
  common: 1 << 3,
  /** read every subject of the tenant */
  tenant: 1 << 4,
  /** lower a memory's sensitivity */
  reclassify: 1 << 5,
  /** export with full clearance */
  export: 1 << 6,
  /** erase a subject or the tenant */
  erase: 1 << 7,
  /** raise a memory's trust */
  endorse: 1 << 8,
  /** work on the quarantine */
  review: 1 << 9,
  /** change the tenant's policy */
  policy: 1 << 10,
  /** exchange a credential for a scoped token */
  mint: 1 << 11,
  /** look up a credential: only ever in a grant */
  authenticate: 1 << 12,
  /** create, list and reopen tenants: only ever in a grant */
  tenants: 1 << 13,
  /** remove what has expired: only ever upkeep's */
  upkeep: 1 << 14,
  /** create, list and revoke API keys: only ever in a grant */
  keys: 1 << 15,
  /** carry out an erasure that was authorised: only ever the kernel's */
  erasing: 1 << 16,
  /** place, release and list legal holds: only ever in a grant */
  holds: 1 << 17,
  /** read the ledger and prove what is in it */
  audit: 1 << 18,
  /** publish for the whole deployment: only ever in a grant */
  library: 1 << 19,
  /** make new keys in the place of those that wrap and seal: only ever in a grant */
  rotate: 1 << 20,
  /** ask for support access to what a tenant said, agree to it, use it: only ever in a grant */
  support: 1 << 21,
  /** read totals over all tenants: only ever in a grant */
  aggregates: 1 << 22,
  /** read the logs that no scope opens, the deployment's own and those of erased tenants: only ever in a grant */
  ledger: 1 << 23,
})

export type Right = keyof typeof rightBits

export const rights: readonly Right[] = Object.freeze(Object.keys(rightBits) as Right[])

/** Rights that no tenant principal can hold: they come with a grant, or belong to upkeep. */
export const grantOnlyRights: readonly Right[] = Object.freeze([
  'tenants',
  'upkeep',
  'authenticate',
  'keys',
  'erasing',
  'holds',
  'library',
  'rotate',
  'support',
  'aggregates',
  'ledger',
] as const)

export function rightsMask(held: Iterable<Right>): number {
  let mask = 0
  for (const right of held) mask |= rightBits[right]
  return mask
}
