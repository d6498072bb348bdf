import { isIPv6 } from 'node:net'
import { MemkeepError } from 'memkeep'
import { plainAddress } from './client-address.ts'

export interface AttemptLimitOptions {
  /** Failures of one address within the window, after which it has to wait. Default 20. */
  readonly failures?: number
  /** Default a minute. */
  readonly windowMs?: number
  /** The most addresses remembered; the oldest is forgotten first. Default 10,000. */
  readonly addresses?: number
}

interface Window {
  count: number
  readonly endsMs: number
}

/** Counts failed attempts by address, in this process only. An IPv6 address counts as its /64. */
export class AttemptLimit {
  readonly #options: Required<AttemptLimitOptions>
  readonly #windows = new Map<string, Window>()
  /** Attempts under way, and those that wait for one of them to end. */
  readonly #underWay = new Map<string, { count: number; readonly waiting: (() => void)[] }>()

  constructor(options: AttemptLimitOptions = {}) {
    this.#options = { failures: 20, windowMs: 60_000, addresses: 10_000, ...options }
  }

  /** Throws `ERR_RATE_LIMITED` while the address has to wait. */
  check(address: string, nowMs: number): void {
    if (this.waitSeconds(address, nowMs) === 0) return
    throw new MemkeepError('ERR_RATE_LIMITED', 'too many failed attempts from this address', { retryable: true })
  }

  /** Seconds until the address may try again; 0 when it may now. */
  waitSeconds(address: string, nowMs: number): number {
    const window = this.#windows.get(networkOf(address))
    if (window === undefined || window.endsMs <= nowMs || window.count < this.#options.failures) return 0
    return Math.ceil((window.endsMs - nowMs) / 1000)
  }

  /**
   * What `look` finds; null is a failure. No more are under way for an address than it has failures left, or many at once would all be looked at
   * before the first has failed: the others wait. Throws `ERR_RATE_LIMITED` as `check`.
   */
  async attempt<Found>(address: string, look: () => Promise<Found | null>): Promise<Found | null> {
    const network = networkOf(address)
    const own = this.#underWay.get(network) ?? { count: 0, waiting: [] }
    this.#underWay.set(network, own)
    own.count++
    try {
      while (own.count - own.waiting.length > this.#left(network, Date.now())) {
        this.check(address, Date.now())
        await new Promise<void>((resolve) => own.waiting.push(resolve))
      }
      this.check(address, Date.now())
      const found = await look()
      if (found === null) this.noteFailure(address, Date.now())
      return found
    } finally {
      own.count--
      own.waiting.shift()?.()
      if (own.count === 0) this.#underWay.delete(network)
    }
  }

  /** Failures that the network has left in its window. */
  #left(network: string, nowMs: number): number {
    const window = this.#windows.get(network)
    return this.#options.failures - (window === undefined || window.endsMs <= nowMs ? 0 : window.count)
  }

  noteFailure(address: string, nowMs: number): void {
    const network = networkOf(address)
    const window = this.#windows.get(network)
    if (window !== undefined && window.endsMs > nowMs) {
      window.count++
      return
    }
    this.#windows.delete(network)
    if (this.#windows.size >= this.#options.addresses) this.#windows.delete(this.#windows.keys().next().value!)
    this.#windows.set(network, { count: 1, endsMs: nowMs + this.#options.windowMs })
  }
}

function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail = ''] = plain.toLowerCase().split('::')
  const [front, back] = [head, tail].map((part) => part.split(':').filter((group) => group !== '')) as [
    string[],
    string[],
  ]
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0')
  return [...front, ...(plain.includes('::') ? zeros : []), ...back].slice(0, 4).join(':')
}
