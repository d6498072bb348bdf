import type { ErasureStep, FinishedErasure, RunningErasure } from '../core/erasure.ts'

/**
 * An erasure that is being carried out. It goes on when nobody looks, and after this process by upkeep. Iterating tells each
 * step as it ends, from the first on; it throws what `done` rejects with.
 */
export class Erasure implements RunningErasure {
  readonly id: string
  /** The report, when everything was done, verified and attested. Rejects when a step failed: the erasure then stays open. */
  readonly done: Promise<FinishedErasure>
  readonly #steps: ErasureStep[] = []
  #ended = false
  #wake: () => void = () => {}
  #news: Promise<void>

  /** `run` carries it out and tells of each step. */
  constructor(id: string, run: (onStep: (step: ErasureStep) => void) => Promise<FinishedErasure>) {
    this.id = id
    this.#news = this.#next()
    this.done = run((step) => {
      this.#steps.push(step)
      this.#tell()
    }).finally(() => {
      this.#ended = true
      this.#tell()
    })
    // Whoever does not wait for it need not hear of its failure: the record does.
    this.done.catch(() => {})
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ErasureStep> {
    for (let told = 0; ; ) {
      while (told < this.#steps.length) yield this.#steps[told++]!
      if (this.#ended) break
      await this.#news
    }
    await this.done
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #tell(): void {
    const wake = this.#wake
    this.#news = this.#next()
    wake()
  }
}
