/** Where a row stands in its talk: by the moment it tells of, then as it was stored. Ids of one moment are in order. */
export interface TalkPlace {
  readonly atMs: number
  readonly createdAtMs: number
  readonly id: string
}

interface Talk {
  first: number
  last: number
  rows: number
  sorted: boolean
}

/** No neighbour on that side. */
export const nobody = -1

/**
 * The rows of a shelf that belong to a session, by slot, each linked to the one before and the one after it. Rows may
 * come in any order; a talk whose rows did not come in theirs is sorted when `sort` is next called.
 */
export class Talks {
  readonly #placeOf: (slot: number) => TalkPlace
  readonly #talks = new Map<string, Talk>()
  readonly #unsorted = new Set<Talk>()
  #before = new Int32Array(0)
  #after = new Int32Array(0)

  /** `placeOf` answers for every slot that was put here and not removed. */
  constructor(placeOf: (slot: number) => TalkPlace) {
    this.#placeOf = placeOf
  }

  /** True when no row belongs to a session. */
  get isEmpty(): boolean {
    return this.#talks.size === 0
  }

  /** Rough bytes in memory. */
  get bytes(): number {
    return this.#before.byteLength + this.#after.byteLength + this.#talks.size * 200
  }

  put(session: string, slot: number): void {
    if (slot >= this.#before.length) this.#grow(slot + 1)
    const talk = this.#talks.get(session)
    this.#after[slot] = nobody
    this.#before[slot] = talk?.last ?? nobody
    if (talk === undefined) {
      this.#talks.set(session, { first: slot, last: slot, rows: 1, sorted: true })
      return
    }
    if (talk.sorted && inOrder(this.#placeOf(talk.last), this.#placeOf(slot)) > 0) {
      talk.sorted = false
      this.#unsorted.add(talk)
    }
    this.#after[talk.last] = slot
    talk.last = slot
    talk.rows++
  }

  /** The slot must be there. */
  remove(session: string, slot: number): void {
    const talk = this.#talks.get(session)!
    const [before, after] = [this.#before[slot]!, this.#after[slot]!]
    if (before === nobody) talk.first = after
    else this.#after[before] = after
    if (after === nobody) talk.last = before
    else this.#before[after] = before
    this.#before[slot] = nobody
    this.#after[slot] = nobody
    if (--talk.rows > 0) return
    this.#talks.delete(session)
    this.#unsorted.delete(talk)
  }

  /** Must be called after the last change and before asking for neighbours. */
  sort(): void {
    for (const talk of this.#unsorted) this.#sortTalk(talk)
    this.#unsorted.clear()
  }

  /** Slot of the row before that one in its talk; `nobody` at the start, and for a row of no session. */
  before(slot: number): number {
    return this.#before[slot] ?? nobody
  }

  after(slot: number): number {
    return this.#after[slot] ?? nobody
  }

  #sortTalk(talk: Talk): void {
    const rows: { slot: number; place: TalkPlace }[] = []
    for (let slot = talk.first; slot !== nobody; slot = this.#after[slot]!) {
      rows.push({ slot, place: this.#placeOf(slot) })
    }
    rows.sort((a, b) => inOrder(a.place, b.place))
    rows.forEach(({ slot }, at) => {
      this.#before[slot] = rows[at - 1]?.slot ?? nobody
      this.#after[slot] = rows[at + 1]?.slot ?? nobody
    })
    talk.first = rows[0]!.slot
    talk.last = rows.at(-1)!.slot
    talk.sorted = true
  }

  #grow(slots: number): void {
    const capacity = Math.max(slots, Math.ceil(this.#before.length * 1.5), 8)
    const [before, after] = [new Int32Array(capacity).fill(nobody), new Int32Array(capacity).fill(nobody)]
    before.set(this.#before)
    after.set(this.#after)
    this.#before = before
    this.#after = after
  }
}

function inOrder(a: TalkPlace, b: TalkPlace): number {
  return a.atMs - b.atMs || a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
