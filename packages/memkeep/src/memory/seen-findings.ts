import type { ScreenPolicy } from '../screening/judge.ts'
import type { Screened } from '../screening/screen.ts'

const most = 50_000

/** Judgements of versions that this process has screened: a version's content does not change. */
export class SeenFindings {
  readonly #seen = new Map<string, { readonly policy: ScreenPolicy; readonly judgement: Screened }>()
  readonly #reviewed = new Set<string>()

  /** The judgement under this very policy, if it is known. */
  get(id: string, version: number, policy: ScreenPolicy): Screened | undefined {
    const known = this.#seen.get(`${id}/${version}`)
    return known?.policy === policy ? known.judgement : undefined
  }

  /** One that a screener failed at is not remembered: it is asked again when the version is found again. */
  set(id: string, version: number, policy: ScreenPolicy, judgement: Screened): void {
    if (judgement.heard !== null) return
    this.#seen.set(`${id}/${version}`, { policy, judgement })
    if (this.#seen.size > most) this.#seen.delete(this.#seen.keys().next().value!)
  }

  /** True when the database said that somebody has reviewed this version. */
  isReviewed(id: string, version: number): boolean {
    return this.#reviewed.has(`${id}/${version}`)
  }

  markReviewed(id: string, version: number): void {
    this.#reviewed.add(`${id}/${version}`)
    if (this.#reviewed.size > most) this.#reviewed.delete(this.#reviewed.values().next().value!)
  }
}
