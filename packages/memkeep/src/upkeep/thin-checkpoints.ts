import { callLog, type LogCaller } from './log-call.ts'

const tenantsAtOnce = 500
const everyMs = 3_600_000

/** Takes away signed checkpoints that neither proofs nor bundles need: each pass of upkeep adds one to every log that moved. */
export class Thinning {
  readonly #caller: LogCaller
  #lastMs = -everyMs

  /** `caller` has upkeep's login. */
  constructor(caller: LogCaller) {
    this.#caller = caller
  }

  /** One pass, at most once an hour. Returns how many went. */
  async run(): Promise<number> {
    const nowMs = this.#caller.seams.clock.now()
    // Nor is a clock that was ahead waited for.
    if (Math.abs(nowMs - this.#lastMs) < everyMs) return 0
    const { tag } = await this.#caller.keyring.deployment()
    let thinned = 0
    for (let after: Buffer | null = Buffer.alloc(0); after !== null; ) {
      const args: unknown[] = [after, tenantsAtOnce]
      const [row] = await callLog<{ past: Buffer | null; thinned: number }>(this.#caller, tag, 'thin_checkpoints', args)
      thinned += row!.thinned
      after = row!.past
    }
    this.#lastMs = nowMs
    return thinned
  }
}
