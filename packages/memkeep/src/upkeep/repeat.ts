/** Runs `work` every `everyMs`, one run at a time, until stopped. Never keeps the process alive by itself. */
export class Repeat {
  readonly #work: () => Promise<unknown>
  readonly #everyMs: number
  readonly #onFailure: (error: unknown) => void
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(work: () => Promise<unknown>, everyMs: number, onFailure: (error: unknown) => void) {
    this.#work = work
    this.#everyMs = everyMs
    this.#onFailure = onFailure
    this.#schedule()
  }

  /** Resolves when a run that was under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
    }, this.#everyMs).unref()
  }

  async #run(): Promise<void> {
    try {
      await this.#work()
    } catch (error) {
      this.#onFailure(error)
    }
    this.#schedule()
  }
}
