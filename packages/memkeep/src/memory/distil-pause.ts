const failuresInARow = 3
const pauseMs = 300_000

/**
 * When upkeep asks the distiller: after three failures in a row it leaves it alone for five minutes, so that one which is down, or answers nobody,
 * holds up no upkeep for longer than these three. Of one process, and of upkeep alone: what is added is distilled by its own call.
 */
export class DistilPause {
  #failures = 0
  #untilMs = Number.NEGATIVE_INFINITY

  /** Until when it is left alone; null: it is asked. */
  until(nowMs: number): number | null {
    return nowMs < this.#untilMs ? this.#untilMs : null
  }

  noteFailure(nowMs: number): void {
    this.#failures++
    if (this.#failures < failuresInARow) return
    this.#failures = 0
    this.#untilMs = nowMs + pauseMs
  }

  noteAnswer(): void {
    this.#failures = 0
  }
}
