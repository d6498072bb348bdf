import { setImmediate } from 'node:timers/promises'

/** For how long a loop has the process to itself, in milliseconds. */
const mostMs = 3

/** For a loop over many: at each turn of it, whether whatever else waits in this process should come first, and the pause in which it does. */
export class Breath {
  #since = performance.now()

  get due(): boolean {
    return performance.now() - this.#since > mostMs
  }

  async take(): Promise<void> {
    await setImmediate()
    this.#since = performance.now()
  }
}
