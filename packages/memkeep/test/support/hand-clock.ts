import type { Clock } from '../../src/core/clock.ts'

/** A clock that a test moves by hand. */
export class HandClock implements Clock {
  nowMs = Date.UTC(2026, 0, 1, 12)

  now(): number {
    return this.nowMs
  }

  advance(milliseconds: number): void {
    this.nowMs += milliseconds
  }
}

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs
