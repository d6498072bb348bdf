import { MemkeepError } from './errors.ts'

/** Makes the checks one after another. Throws the first failure, with its check's name before its message. */
export async function checkAll(checks: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check()
    } catch (error) {
      if (!(error instanceof MemkeepError)) throw error
      const { code, message, retryable } = error
      throw new MemkeepError(code, `${name}: ${message}`, { cause: error, retryable })
    }
  }
}
