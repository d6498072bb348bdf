import { detailContext, encodeDetail, eventDetail, frameDetail } from '../audit/detail.ts'
import type { LedgerReader, OpenLog } from '../audit/ledger-reader.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { rightBits } from '../core/rights.ts'
import type { PrivilegedKernel } from './privileged-kernel.ts'

/** What it takes of a kernel. */
type ReadingKernel = Pick<PrivilegedKernel, 'checkOpen' | 'doorways' | 'keyring' | 'seams'>

/**
 * Reads a log that no scope opens: the deployment's own (`tenant` null), or that of a tenant that was erased. Each call is an event of that log, with the
 * grant's reason; without the right `ledger`, of the deployment's.
 */
export function grantReader(kernel: ReadingKernel, claims: () => GrantClaims, tenant: string | null): LedgerReader {
  return {
    async read(work) {
      kernel.checkOpen()
      return work(await openLog(kernel, claims(), tenant))
    },
    begin() {
      const grant = claims()
      return grantReader(kernel, () => grant, tenant)
    },
  }
}

/** As `grantReader` asks for them. */
export const claimsOf = (grant: Grant) => (): GrantClaims => readGrant(grant)

async function openLog(
  { doorways, keyring, seams }: ReadingKernel,
  grant: GrantClaims,
  of: string | null,
): Promise<OpenLog> {
  const own = await keyring.deployment()
  const may = grant.rights.includes('ledger')
  const tag = may && of !== null ? await keyring.tenantTag(of) : own.tag
  return {
    tag,
    keys: tag === own.tag ? own : null,
    wide: true,
    async call(doorway, args, more = []) {
      const atMs = seams.clock.now()
      const event = seams.ids.uuid(atMs)
      const key = await own.own()
      const detail = encodeDetail(eventDetail(grant.principal, { by: 'operator', reason: grant.reason }))
      const sealed = frameDetail('deployment', key.epoch, key.seal('audit', detail, detailContext(event)))
      const claims = {
        tenant: tag,
        reach: 'all' as const,
        shelf: own.commonTag,
        tenantEpoch: own.epoch,
        shelfEpoch: 0,
        clearance: 0,
        writable: 0,
        actors: 0,
        // That a grant asks; without its right nothing opens, and the refusal is an operator's.
        rights: may ? rightBits.ledger | rightBits.audit : rightBits.ledger,
        principal: own.principalTag(grant.principal.id),
        policyVersion: 0,
      }
      return doorways.read({ doorway, claims, event, atMs, args: [...args, sealed, ...more] })
    },
    names: async () => () => null,
  }
}
