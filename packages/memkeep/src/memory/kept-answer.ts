import { MemkeepError } from '../core/errors.ts'
import { answerLifetimeMs, type KeptAnswer } from '../core/once.ts'
import { type Right, rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { answerTags, openAnswer, sealAnswer } from '../keys/sealed-answer.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { type Access, callRead, hasRight, readStandingTerms, withAccess } from './access.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

interface ClaimRow {
  readonly outcome: string
  readonly answer: Buffer | null
  readonly epoch: number
}

export interface OnceOptions {
  /** Whoever does not hold it (any more) is given no answer that was kept: the call is made, and judged. */
  readonly right?: Right
  /** What tells apart those of one principal that are not given each other's answers. */
  readonly by?: string
}

/** The answer that a scope's principal is given under one idempotency key, on the scope's own shelf. */
export function keptAnswerOf(
  kernel: Kernel,
  scope: ScopeClaims,
  idempotencyKey: string,
  asked: string,
  { right, by }: OnceOptions = {},
): KeptAnswer {
  const { roles, rights, actors } = scope.principal
  const bounds = [scope.agent, scope.session].map((each) => (each === null ? [] : [each]))
  const powers = [roles, rights, actors, ...bounds, ...(by === undefined ? [] : [['by', by]])]
  const tagsOf = (keys: TenantKeys) => answerTags(keys, idempotencyKey, powers, asked)
  const call = (
    doorway: string,
    args: (access: Access, tag: Buffer) => Promise<readonly unknown[]> | readonly unknown[],
  ) =>
    withAccess(kernel, scope, async (access) => {
      const { key } = tagsOf(access.keys)
      const [row] = await callRead<{ outcome: string }>(kernel, access, doorway, [key, ...(await args(access, key))])
      expectOutcome(row?.outcome, 'ok', 'missing')
    })
  return {
    claim: async () => {
      // By the policy that stands: the one this process knows may be older, and no doorway is asked of rights before the answer is given.
      if (right !== undefined) await withAccess(kernel, scope, (access) => readStandingTerms(kernel, access))
      return withAccess(kernel, scope, async (access) => {
        if (right !== undefined && !hasRight(access, rightBits[right])) return { outcome: 'absent' }
        const { key, digest } = tagsOf(access.keys)
        const untilMs = kernel.seams.clock.now() + answerLifetimeMs
        const [row] = await callRead<ClaimRow>(kernel, access, 'claim_answer', [key, digest, untilMs])
        if (row!.outcome === 'barred') return { outcome: 'absent' }
        const outcome = expectOutcome(row!.outcome, 'ok', 'conflict', 'replayed')
        if (outcome !== 'replayed') return { outcome }
        return { outcome, answer: await openAnswer(access.keys, access.shelf, key, row!.answer!, row!.epoch) }
      })
    },
    keep: async (answer) => {
      try {
        await call('keep_answer', async ({ keys, shelf }, tag) => {
          const { sealed, epoch } = await sealAnswer(keys, shelf, tag, answer)
          return [sealed, epoch]
        })
      } catch (error) {
        // The call erased its own scope, or somebody did meanwhile: what it answered goes with that.
        if (!(error instanceof MemkeepError) || !['ERR_KEY_DESTROYED', 'ERR_SCOPE_BARRED'].includes(error.code))
          throw error
      }
    },
    drop: () => call('drop_answer', () => []),
  }
}
