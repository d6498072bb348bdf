import { MemkeepError } from './errors.ts'

/** Lets calls in until it is closed, and knows when the last of them has ended. */
export class CallGate {
  #closed = false
  #refusal: MemkeepError | null = null
  #inside = 0
  #onEmpty: (() => void) | null = null

  /** Throws `ERR_CLOSED` once it was closed, and what it was told to refuse with. */
  check(): void {
    if (this.#refusal !== null) throw this.#refusal
    if (this.#closed) throw new MemkeepError('ERR_CLOSED', 'the keep was closed')
  }

  /** From now on no call is let in; each is refused with this. */
  refuse(error: MemkeepError): void {
    this.#refusal = error
  }

  /** Runs a call to its end, also when the gate is closed meanwhile. Throws as `check`. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.check()
    this.#inside++
    try {
      return await call()
    } finally {
      if (--this.#inside === 0) this.#onEmpty?.()
    }
  }

  /** Resolves when every call that was let in has ended. Call it once. */
  close(): Promise<void> {
    this.#closed = true
    if (this.#inside === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onEmpty = resolve
    })
  }
}
