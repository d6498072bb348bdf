import type { TargetErased } from '../core/erasure.ts'
import type { ErasureRecord, TryName } from './erasure-record.ts'
import { isSealed } from './note-seal.ts'
import { noteStep } from './note-step.ts'
import { readRecord } from './read-record.ts'
import type { StepInput } from './steps.ts'

/** What one process removed of other stores in one go, by store. */
interface TryNotes {
  readonly began: number
  readonly deleted: Readonly<Record<string, number>>
}

/** No process is waited for any longer: by then it has answered, or was killed. Connectors that leave their limits as they are give up sooner. */
const mostMs = 300_000

type Place = Pick<StepInput, 'kernel' | 'record'>

/** One go at emptying other stores. It has a row of its own: several processes may be at it at once, and none writes over what another removed. */
export class Try {
  readonly #place: Place
  readonly #name: TryName
  readonly #began: number
  readonly #deleted: Record<string, number> = {}

  private constructor(place: Place) {
    const { clock, ids } = place.kernel.seams
    this.#place = place
    this.#began = clock.now()
    this.#name = `try.${ids.uuid(this.#began)}`
  }

  /** Announces it before anything is removed: whoever adds up waits for it. */
  static async begin(place: Place): Promise<Try> {
    const begun = new Try(place)
    await begun.#note(null)
    return begun
  }

  /** Noted at once, so that no break behind it loses the count. */
  async add(removed: TargetErased['deleted']): Promise<void> {
    const some = Object.entries(removed)
    for (const [name, number] of some) this.#deleted[name] = (this.#deleted[name] ?? 0) + number
    if (some.length > 0) await this.#note(null)
  }

  end(): Promise<void> {
    return this.#note(this.#place.kernel.seams.clock.now())
  }

  async #note(endedMs: number | null): Promise<void> {
    const notes = { began: this.#began, deleted: this.#deleted } satisfies TryNotes
    await noteStep({ ...this.#place, beganMs: this.#began }, this.#name, notes, endedMs)
  }
}

export interface Tries {
  /** Those that have ended. */
  readonly ended: readonly string[]
  /** What all of them removed but those that were counted already. */
  readonly deleted: Record<string, number>
  /** Whether one may still have something to say. */
  readonly underWay: boolean
}

/** What was removed of other stores, in every try and process, as they noted it. `onlyEnded`: of those that have nothing to add. */
export async function triesOf(
  { kernel, record: { id, ...place } }: Place,
  { counted = [], onlyEnded = false }: { readonly counted?: readonly string[]; readonly onlyEnded?: boolean } = {},
): Promise<Tries> {
  const record = await readRecord(kernel, place, id)
  const nowMs = kernel.seams.clock.now()
  const ended: string[] = []
  const deleted: Record<string, number> = {}
  let underWay = false
  for (const name of await sealedTries(kernel, record)) {
    const { notes, ended_ms } = record.tries.get(name)!
    const { began, deleted: removed } = JSON.parse(notes) as TryNotes
    if (ended_ms !== null) ended.push(name)
    else if (nowMs < began + mostMs) underWay = true
    if (counted.includes(name) || (onlyEnded && ended_ms === null)) continue
    for (const [store, number] of Object.entries(removed)) deleted[store] = (deleted[store] ?? 0) + number
  }
  return { ended, deleted, underWay }
}

/** A row that somebody put there counts nothing. */
async function sealedTries(kernel: StepInput['kernel'], record: ErasureRecord): Promise<TryName[]> {
  const names: TryName[] = []
  for (const name of record.tries.keys()) if (await isSealed(kernel, record, name)) names.push(name)
  return names
}
