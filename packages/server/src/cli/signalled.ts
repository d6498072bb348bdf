/** Settles at the first SIGINT or SIGTERM; the second one ends the process at once. */
export function signalled(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve())
  })
}
