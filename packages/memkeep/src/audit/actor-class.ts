/** In what capacity an act is done. */
export type ActorClass = 'principal' | 'operator' | 'support' | 'upkeep' | 'kernel'

/** Who does what principals do as well, as the event's details say it. */
export type Doer = 'operator' | 'upkeep' | 'kernel'

const operators =
  /^(tenant\.(create|list|policy)|key\.(create|list|revoke|rotate)|hold\.|scope\.reopen|ledger\.|witness\.|library\.(publish|list|withdraw|retry)$|aggregate\.)/
const upkeeps =
  /^(upkeep\.|memory\.(expire|distil)$|key\.expire$|audit\.(prune|archive)$|(artifact|library)\.(sources|rebuild|settle)$|erasure\.(step|barred|deleted|inspected|verified|attested|named|expired)$)/

/**
 * In what capacity an action is done, as the log says it: by the holder of a grant, by support who reads what a tenant said, by upkeep, by the kernel itself, or by a
 * principal of the tenant. Of most it follows from the action, so that it can be said of an event whose details are gone; of those that principals do too, and others for
 * themselves, the details say `by`.
 */
export function actorClass(action: string, by?: Doer): ActorClass {
  const said = classOf(action)
  if (by === undefined || said === 'upkeep' || said === 'kernel') return said
  return by === 'operator' && said !== 'principal' ? said : by
}

function classOf(action: string): ActorClass {
  if (action.startsWith('support.')) return 'support'
  if (operators.test(action)) return 'operator'
  if (upkeeps.test(action)) return 'upkeep'
  return /^(deployment\.|key\.|erasure\.(guarded|repeated)$)/.test(action) ? 'kernel' : 'principal'
}
