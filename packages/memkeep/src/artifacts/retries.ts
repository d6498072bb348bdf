/** A rebuilding is tried so often before its artifact is left for a person to look at. */
export const mostAttempts = 6

const firstPauseMs = 30_000
const longestPauseMs = 3_600_000

/** How long after the failure of that try (from 1) the next one comes; null: none does. Doubles from 30 s to an hour. */
export function pauseAfter(attempt: number): number | null {
  return attempt >= mostAttempts ? null : Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs)
}
