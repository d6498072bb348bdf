import { MemkeepError } from '../core/errors.ts'

/** What every refusal of this room is: `ERR_PROOF_INVALID`, saying what is wrong and never what it held. */
export function proofInvalid(reason: string): MemkeepError {
  return new MemkeepError('ERR_PROOF_INVALID', reason)
}

/** Does the work, and puts the path of the file before the reason when it is refused. */
export async function checking<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_PROOF_INVALID') {
      throw proofInvalid(`${path}: ${error.message}`)
    }
    throw error
  }
}
