import { MemkeepError } from '../core/errors.ts'
import type { GrantClaims } from '../core/grant.ts'
import { answerLifetimeMs, type KeptAnswer } from '../core/once.ts'
import { answerTags, openAnswer, sealAnswer } from '../keys/sealed-answer.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { callOf, outcomeOf, type PrivilegedKernel } from './privileged-kernel.ts'

interface ClaimRow {
  readonly outcome: string
  readonly answer: Buffer | null
  readonly epoch: number
}

/** The answer that the holder of a grant is given under one idempotency key, for acts on one tenant: it goes when the tenant goes. */
export function keptAnswerOf(
  kernel: PrivilegedKernel,
  grant: GrantClaims,
  tenant: string,
  idempotencyKey: string,
  asked: string,
): KeptAnswer {
  return {
    async claim() {
      const keys = await keysOf(kernel, tenant)
      if (keys === null) return { outcome: 'absent' }
      const { key, digest } = answerTags(keys, idempotencyKey, [grant.rights], asked)
      const args = [key, digest, kernel.seams.clock.now() + answerLifetimeMs]
      const call = await callOf(kernel, { grant, keys, doorway: 'claim_answer', args })
      const [row] = await kernel.doorways.read<ClaimRow>(call)
      switch (row!.outcome) {
        case 'ok':
        case 'conflict':
          return { outcome: row!.outcome }
        case 'replayed':
          return { outcome: 'replayed', answer: await openAnswer(keys, keys.commonTag, key, row!.answer!, row!.epoch) }
        case 'mismatch':
          throw new MemkeepError('ERR_IDEMPOTENCY_MISMATCH', 'the idempotency key was used for another call')
        default:
          return { outcome: 'absent' }
      }
    },
    async keep(answer) {
      const keys = await keysOf(kernel, tenant)
      if (keys === null) return
      const { key } = answerTags(keys, idempotencyKey, [grant.rights], asked)
      const { sealed, epoch } = await sealAnswer(keys, keys.commonTag, key, answer)
      await outcomeOf(kernel, { grant, keys, doorway: 'keep_answer', args: [key, sealed, epoch] })
    },
    async drop() {
      const keys = await keysOf(kernel, tenant)
      if (keys === null) return
      const { key } = answerTags(keys, idempotencyKey, [grant.rights], asked)
      await outcomeOf(kernel, { grant, keys, doorway: 'drop_answer', args: [key] })
    },
  }
}

/** Null for a tenant without keys: it is not there yet, or was erased. */
async function keysOf(kernel: PrivilegedKernel, tenant: string): Promise<TenantKeys | null> {
  try {
    return await kernel.keyring.tenant(tenant)
  } catch (error) {
    if (error instanceof MemkeepError && ['ERR_TENANT_UNKNOWN', 'ERR_KEY_DESTROYED'].includes(error.code)) return null
    throw error
  }
}
