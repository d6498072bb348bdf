/** A signal that aborts when the process is asked to end (Ctrl-C, SIGTERM). Listens until `[Symbol.dispose]`. */
export function untilInterrupted(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop)
    },
  }
}
