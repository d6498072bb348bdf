import { MemkeepError } from './errors.ts'

/** Where answers to calls with an idempotency key are kept: one place for one key of one principal. */
export interface KeptAnswer {
  /**
   * Takes the key. `ok`: it is ours; `replayed`: the first call's answer; `conflict`: the first call is under way, or was broken off;
   * `absent`: the scope was erased, or its tenant is not there yet, so nothing can be kept, or what was kept is not for this caller. Throws `ERR_IDEMPOTENCY_MISMATCH`.
   */
  claim(): Promise<
    { readonly outcome: 'ok' | 'conflict' | 'absent' } | { readonly outcome: 'replayed'; answer: string }
  >
  keep(answer: string): Promise<void>
  /** The call was refused, and nothing was done: the key is free again. */
  drop(): Promise<void>
}

/** For how long answers are kept: a day. */
export const answerLifetimeMs = 86_400_000

const pausesMs = [50, 100, 200, 400, 800, 1600, 1600]

/** Errors after which nobody knows whether the call was done: its key stays taken for ten minutes, so that no retry does it twice. */
const unclear: ReadonlySet<string> = new Set([
  'ERR_STORE_UNAVAILABLE',
  'ERR_KEY_UNAVAILABLE',
  'ERR_AUDIT_UNAVAILABLE',
  'ERR_CLOSED',
  'ERR_ABORTED',
])

/**
 * The answer of `run`, which is called once: whoever comes with the same key later gets the first answer, and whoever comes meanwhile
 * waits for it. Throws `ERR_VERSION_CONFLICT` (retryable) when the first call does not end within seconds, or was broken off: whether it
 * was done is then not known here. Ten minutes after it began the key is free again, so no call may take longer.
 */
export async function once(kept: KeptAnswer, run: () => Promise<string>): Promise<string> {
  const claimed = await claim(kept)
  if (claimed.outcome === 'replayed') return claimed.answer
  if (claimed.outcome === 'absent') return keepLate(kept, await run())
  let answer: string
  try {
    answer = await run()
  } catch (error) {
    if (error instanceof MemkeepError && !unclear.has(error.code)) await kept.drop()
    throw error
  }
  await kept.keep(answer)
  return answer
}

/** What made its own tenant can be kept afterwards. Of two at once the first to come here is the answer of both. */
async function keepLate(kept: KeptAnswer, answer: string): Promise<string> {
  const claimed = await claim(kept)
  if (claimed.outcome === 'replayed') return claimed.answer
  if (claimed.outcome === 'ok') await kept.keep(answer)
  return answer
}

async function claim(kept: KeptAnswer) {
  for (const pauseMs of pausesMs) {
    const claimed = await kept.claim()
    if (claimed.outcome !== 'conflict') return claimed
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  throw new MemkeepError(
    'ERR_VERSION_CONFLICT',
    'the first call with this idempotency key is under way, or was broken off',
    {
      retryable: true,
    },
  )
}
