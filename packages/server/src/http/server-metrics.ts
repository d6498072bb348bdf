import type { KeepMetrics } from 'memkeep'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { RequestLine } from './request-log.ts'

/** What the server counts, for Prometheus. Routes and codes are labels; no tenant, subject or credential is. */
export class ServerMetrics {
  readonly #registry = new Registry()
  readonly #requests: Histogram
  readonly #refusals: Counter
  readonly #smuggled: Counter

  /** `keep` is asked at each scrape. */
  constructor(keep: () => KeepMetrics) {
    const registers = [this.#registry]
    this.#requests = new Histogram({
      name: 'memkeep_http_request_seconds',
      help: 'Requests by route, method and status',
      labelNames: ['route', 'method', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    })
    this.#refusals = new Counter({
      name: 'memkeep_http_refusals_total',
      help: 'Refused requests by code',
      labelNames: ['code'],
      registers,
    })
    this.#smuggled = new Counter({
      name: 'memkeep_scope_smuggling_total',
      help: 'Requests that named whose memories they mean',
      registers,
    })
    this.#addKeep(keep)
  }

  #addKeep(keep: () => KeepMetrics): void {
    new Gauge({
      name: 'memkeep_refused_scope_tokens',
      help: 'Scope tokens that the database refused since the start: 0 unless keys or clocks differ, or somebody forges',
      labelNames: ['code'],
      registers: [this.#registry],
      collect() {
        for (const [code, count] of Object.entries(keep().refusedTokens)) this.set({ code }, count)
      },
    })
    new Gauge({
      name: 'memkeep_disclosures',
      help: 'Since the start: calls refused as their principal’s disclosure budget was used up, and readers whose searches walked a shelf',
      labelNames: ['what'],
      registers: [this.#registry],
      collect() {
        for (const [what, count] of Object.entries(keep().disclosures)) this.set({ what }, count)
      },
    })
    new Gauge({
      name: 'memkeep_upkeep',
      help: 'Of a process with upkeep’s login: passes and sequencings that failed since the start, logs that the last one could not sign, and shelves that wait for vectors after the last pass',
      labelNames: ['what'],
      registers: [this.#registry],
      collect() {
        for (const [what, count] of Object.entries(keep().upkeep ?? {})) this.set({ what }, count)
      },
    })
    new Gauge({
      name: 'memkeep_open_erasures',
      help: 'Of a process with upkeep’s login: erasures of any tenant that were not done after the last pass',
      registers: [this.#registry],
      collect() {
        const { openErasures } = keep()
        if (openErasures === null) this.reset()
        else this.set(openErasures)
      },
    })
    new Gauge({
      name: 'memkeep_shelves',
      help: 'Opened shelves: what they hold and did since the start',
      labelNames: ['what'],
      registers: [this.#registry],
      collect() {
        for (const [what, value] of Object.entries(keep().shelves)) {
          if (typeof value === 'number') this.set({ what }, what === 'bytes' ? wholeMebibytes(value) : value)
        }
      },
    })
  }

  noteRequest({ route, method, status, ms, code }: RequestLine): void {
    const known = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'].includes(method) ? method : 'other'
    this.#requests.observe({ route, method: known, status: String(status) }, ms / 1000)
    if (code !== undefined) this.noteRefusal(code)
  }

  noteRefusal(code: string): void {
    this.#refusals.inc({ code })
  }

  noteSmuggling(): void {
    this.#smuggled.inc()
  }

  /** In the text format that Prometheus reads. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() }
  }
}

/** To the exact byte it would tell of each memory that anybody writes, and how long it is. */
const wholeMebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20) * 2 ** 20
