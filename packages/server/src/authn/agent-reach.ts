import type { Keep } from 'memkeep'
import type { Reach } from '../operations/operation.ts'
import { agentScope } from './operator.ts'
import { subjectReach } from './reach-of.ts'

/** One subject in the role of an agent, on the word of this machine's operator; newly minted. */
export function agentReach(keep: Keep, tenant: string, subject: string): Reach {
  return { ...subjectReach(keep, agentScope(tenant, subject)), mints: null }
}
