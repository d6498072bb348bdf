import type { Clock } from '../core/clock.ts'
import { MemkeepError } from '../core/errors.ts'

/** Something opened that must not stay open. After `destroy` it is of no use. */
export interface Held {
  destroy(): void
}

interface Entry {
  opening: Promise<Held>
  value: Held | null
  /** By the clock; infinite while it is being opened. */
  openedAtMs: number
  dropped: boolean
}

/** Open at a time, so that a process that meets many tenants does not grow with them. A tenant takes a few. */
const mostOpen = 20_000
/** How long what had to make room may still be used by who was handed it. */
const graceMs = 10_000

/**
 * What is open, by name. One opening serves all who ask meanwhile. Who is handed a value can use it for at least half of
 * `holdMs`, unless it is dropped or, with very many open, has to make room (then for `graceMs`); nobody can for longer than
 * `holdMs`.
 */
export class HeldKeys {
  readonly #clock: Clock
  readonly #holdMs: number
  readonly #most: number
  /** What is handed out to the next who asks, oldest first. */
  readonly #current = new Map<string, Entry>()
  /** Everything open, oldest first: also what a newer opening has replaced, as somebody may still be using it. */
  readonly #open = new Map<Entry, string>()
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(clock: Clock, holdMs: number, most = mostOpen) {
    this.#clock = clock
    this.#holdMs = holdMs
    this.#most = most
  }

  /** How many are open, those that are on their way out included. */
  get size(): number {
    return this.#open.size
  }

  /** Throws `ERR_CLOSED` after `close`, and what `open` throws; a failure is not remembered. */
  async get<T extends Held>(name: string, open: () => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#closed) throw new MemkeepError('ERR_CLOSED', 'the keyring is closed')
      this.#sweep()
      const current = this.#current.get(name)
      const entry = current !== undefined && this.#age(current) < this.#holdMs / 2 ? current : this.#begin(name, open)
      const value = await entry.opening
      // Dropped while it was being opened: what was read may be what has just been destroyed, so read again.
      if (!entry.dropped) return value as T
    }
  }

  /** Whoever asks for exactly this next opens it anew; who holds it goes on. */
  refresh(name: string): void {
    this.#current.delete(name)
  }

  /** Destroys everything whose name starts with `prefix`, in use or not. */
  drop(prefix: string): void {
    for (const [name, entry] of this.#current) {
      if (name.startsWith(prefix)) this.#remove(name, entry)
    }
    for (const [entry, name] of this.#open) {
      if (name.startsWith(prefix)) this.#remove(name, entry)
    }
  }

  close(): void {
    this.#closed = true
    this.drop('')
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #begin(name: string, open: () => Promise<Held>): Entry {
    const opening = open()
    const entry: Entry = { opening, value: null, openedAtMs: Number.POSITIVE_INFINITY, dropped: false }
    this.#current.delete(name)
    this.#current.set(name, entry)
    entry.opening = opening.then(
      (value) => {
        if (entry.dropped) value.destroy()
        else this.#hold(name, entry, value)
        return value
      },
      (error: unknown) => {
        if (this.#current.get(name) === entry) this.#current.delete(name)
        throw error
      },
    )
    return entry
  }

  #hold(name: string, entry: Entry, value: Held): void {
    entry.value = value
    entry.openedAtMs = this.#clock.now()
    this.#open.set(entry, name)
    if (this.#current.size > this.#most) this.#makeRoom()
    this.#timer ??= this.#wake(this.#holdMs)
  }

  /** The one opened longest ago is opened anew for whoever asks next, and goes when its grace is over. */
  #makeRoom(): void {
    for (const [name, entry] of this.#current) {
      if (entry.value === null) continue
      this.#current.delete(name)
      entry.openedAtMs = Math.min(entry.openedAtMs, this.#clock.now() - this.#holdMs + graceMs)
      return
    }
  }

  #remove(name: string, entry: Entry): void {
    entry.dropped = true
    entry.value?.destroy()
    this.#open.delete(entry)
    if (this.#current.get(name) === entry) this.#current.delete(name)
  }

  /** Oldest first, so it stops at the first that may stay. */
  #sweep(): void {
    for (const [entry, name] of this.#open) {
      if (this.#age(entry) < this.#holdMs) return
      this.#remove(name, entry)
    }
  }

  /** A clock that was set back makes everything old: holding too long is worse than opening again. */
  #age(entry: Entry): number {
    if (entry.value === null) return 0
    const age = this.#clock.now() - entry.openedAtMs
    return age < 0 ? Number.POSITIVE_INFINITY : age
  }

  /** Sweeps a keyring that nobody uses; never keeps the process alive. */
  #wake(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#sweep()
      const [oldest] = this.#open.keys()
      this.#timer = oldest === undefined ? null : this.#wake(Math.max(1, this.#holdMs - this.#age(oldest)))
    }, afterMs).unref()
  }
}
