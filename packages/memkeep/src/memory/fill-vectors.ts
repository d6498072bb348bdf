import { byUpkeep } from '../audit/detail.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { byteaArray, uuidArray } from '../store/wire-arrays.ts'
import { type Access, withAccessOf, writeDetail } from './access.ts'
import { probe } from './embed-each.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { reembedOpen } from './reembed-shelf.ts'
import { callWrite } from './write.ts'

/** A shelf with memories whose vectors are still to come. */
export interface DueVectors {
  /** The tenant's keys, asked for anew each time that they are used. */
  readonly openKeys: () => Promise<TenantKeys>
  readonly subject: Buffer
  readonly tenantEpoch: number
  readonly shelfEpoch: number
  /** Since which version of the shelf. */
  readonly waits: number
}

/** What became of a shelf that waited. */
export interface Filled {
  readonly embedded: number
  /** Texts that the embedder refuses: they wait no more, and are found by their words. */
  readonly refused: number
  /** False: something on it waits for another model. */
  readonly isDone: boolean
}

/**
 * Embeds what waits on a shelf for the vectors of this keep's model, as upkeep; what waits for another model's goes on
 * waiting. Throws `ERR_EMBEDDER`: what was done until then stays done.
 */
export async function fillVectors(kernel: Kernel, due: DueVectors): Promise<Filled> {
  const run = {
    ...{ dims: await probe(kernel), dropFormer: false, waitingOnly: true },
    ...{ signal: undefined, tell: () => {} },
  }
  return withAccessOf(
    kernel,
    () => accessOf(kernel, due),
    async (access) => {
      const { reembedded, refused, elsewhere } = await reembedOpen(kernel, access, run)
      if (elsewhere === 0) await noteFilled(kernel, access, due.waits)
      return { embedded: reembedded, refused: refused.length, isDone: elsewhere === 0 }
    },
  )
}

async function noteFilled(kernel: Kernel, access: Access, waits: number): Promise<void> {
  const key = await access.keys.forWriting(access.shelf)
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const args = [uuidArray([]), [], byteaArray([]), writeDetail(access, key, event), waits]
  const { outcome } = await callWrite(kernel, access, key, { doorway: 'reindex', event, atMs, args })
  expectOutcome(outcome, 'ok', 'missing')
}

/** What stands in the ledger of it. */
const upkeepScope: ScopeClaims = {
  reach: 'subject',
  tenant: '',
  subject: null,
  principal: { id: byUpkeep.principal, roles: [], rights: [], actors: [] },
  agent: null,
  session: null,
  expiresAtMs: Number.POSITIVE_INFINITY,
}

/** Upkeep acts for nobody: it reads and writes entries of every label, and no more of a shelf than its entries is changed. */
async function accessOf(kernel: Kernel, { openKeys, subject, tenantEpoch }: DueVectors): Promise<Access> {
  const keys = await openKeys()
  const isCommon = subject.equals(keys.commonTag)
  const { version } = kernel.tenantPolicies.get(keys.tag)
  return {
    scope: upkeepScope,
    by: byUpkeep.by,
    keys,
    openKeys,
    claims: {
      tenant: keys.tag,
      reach: isCommon ? 'common' : 'subject',
      shelf: subject,
      tenantEpoch,
      shelfEpoch: 0,
      clearance: 0b111,
      writable: 0b111,
      actors: 0,
      rights: rightBits.read | rightBits.write | (isCommon ? rightBits.common : 0),
      principal: keys.principalTag(upkeepScope.principal.id),
      policyVersion: version,
    },
    shelf: subject,
    quota: {},
    screening: kernel.screening.policy,
    // It is shown to nobody.
    disclosure: null,
  }
}
