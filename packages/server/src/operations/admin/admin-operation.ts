import type { Privileged } from 'memkeep'
import { z } from 'zod'

/**
 * One thing that an administrator's door offers: a strict schema and one privileged call. These inputs name tenants: that is
 * what they are for, and no credential for memories reaches them.
 */
export interface AdminOperation<Input extends z.ZodObject, Answer> {
  readonly input: Input
  run(privileged: Privileged, input: z.output<Input>): Promise<Answer>
}

export const tenantField = z.string().describe('1 to 200 characters, compared as exact bytes.')

/** Stands, sealed, in the ledger's event of the act. */
export const reasonField = z.string().describe('Why; at most 1,000 bytes.')
