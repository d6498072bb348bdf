const operators =
  /^(tenant\.(create|list|policy)|key\.(create|list|revoke|rotate)|hold\.|scope\.reopen|ledger\.|witness\.|library\.(publish|list|withdraw|retry)$|aggregate\.)/
const upkeeps =
  /^(upkeep\.|memory\.(expire|distil)$|key\.expire$|audit\.(prune|archive)$|(artifact|library)\.(sources|rebuild|settle)$|erasure\.(step|barred|deleted|inspected|verified|attested|named|expired)$)/

/**
 * In what capacity an action is done, as the log says it: by the holder of a grant, by support who reads what a tenant said, by upkeep, by the kernel itself, or by a
 * principal of the tenant. It follows from the action, so that it can be said of an event whose details are gone.
 */
export function actorClass(action: string): 'operator' | 'support' | 'upkeep' | 'kernel' | 'principal' {
  if (action.startsWith('support.')) return 'support'
  if (operators.test(action)) return 'operator'
  if (upkeeps.test(action)) return 'upkeep'
  return /^(deployment\.|key\.|erasure\.(guarded|repeated)$)/.test(action) ? 'kernel' : 'principal'
}
