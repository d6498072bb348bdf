/** Milliseconds since the Unix epoch. A seam: tests and the simulator bring their own. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = Object.freeze({ now: () => Date.now() })
