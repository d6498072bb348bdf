import type { Shelf } from './shelf.ts'

interface Tenant {
  readonly name: string
  /** Least recently used first, as every Map here: a Map keeps the order of insertion. */
  readonly floor: Map<string, Held>
  readonly spare: Map<string, Held>
  floorBytes: number
  loads: number
  loadingBytes: number
}

interface Held {
  readonly key: string
  readonly shelf: Shelf
  readonly tenant: Tenant
  /** What the shelf took when it was last used: it grows in between. */
  readonly bytes: number
  /** When the database was last asked about it and did not refuse. */
  confirmedAtMs: number
}

/** Room taken for a shelf that is being read. */
export interface Room {
  readonly tenant: Tenant
  bytes: number
}

/** What one search of a subject reads: the subject's own shelf and the common one. */
const floorShelves = 2

/**
 * Shelves in memory, those being read included: never more than `budgetBytes` together, by the shelves' own estimate, and less by
 * what is kept beside them. Keys are `<tenant>/<rest>`.
 *
 * A tenant's *floor* is its two most recently used shelves, as far as they take `floorBytes` together; all else is spare. Spare
 * shelves go first, in the order in which they left their floor; then floors, least recently used first, and only to make
 * room for a floor. So a tenant, however much it reads, takes of all others' floors no more than its own floor needs, and
 * a shelf too large for a floor takes nothing of them.
 */
export class HeldShelves {
  readonly #budgetBytes: number
  readonly #floorLimit: number
  readonly #tenants = new Map<string, Tenant>()
  readonly #floor = new Map<string, Held>()
  readonly #spare = new Map<string, Held>()
  #floorBytes = 0
  #spareBytes = 0
  #loadingBytes = 0
  #besideBytes = 0
  #evictions = 0

  constructor(budgetBytes: number, floorBytes: number) {
    this.#budgetBytes = budgetBytes
    this.#floorLimit = Math.min(floorBytes, budgetBytes)
  }

  get size(): number {
    return this.#floor.size + this.#spare.size
  }

  /** Of all shelves held, each as of its last use, of those being read, and of what is kept beside them. */
  get bytes(): number {
    return this.#floorBytes + this.#spareBytes + this.#loadingBytes + this.#besideBytes
  }

  get evictions(): number {
    return this.#evictions
  }

  get(key: string): Held | undefined {
    return this.#floor.get(key) ?? this.#spare.get(key)
  }

  /** Holds a shelf as the one used last, in the place of the one with that key. One that finds no room is not kept. */
  hold(key: string, shelf: Shelf, confirmedAtMs: number): void {
    const before = this.get(key)
    if (before) this.#leave(before)
    const tenant = this.#tenantOf(key)
    const held: Held = { key, shelf, tenant, bytes: shelf.bytes, confirmedAtMs }
    if (held.bytes <= this.#floorLimit) {
      this.#enterFloor(held)
      this.#lower(tenant)
    } else if (held.bytes <= this.#budgetBytes - this.#floorBytes - this.#loadingBytes - this.#besideBytes) {
      this.#enterSpare(held)
    } else if (before) {
      this.#evictions++
    }
    this.#shrinkTo(this.#budgetBytes, true)
    this.#forget(tenant)
  }

  release(key: string): void {
    const held = this.get(key)
    if (held === undefined) return
    this.#leave(held)
    this.#forget(held.tenant)
  }

  /** Everything that a tenant holds. */
  releaseTenant(name: string): void {
    const tenant = this.#tenants.get(name)
    if (tenant === undefined) return
    for (const held of [...tenant.floor.values(), ...tenant.spare.values()]) this.#leave(held)
    this.#forget(tenant)
  }

  clear(): void {
    for (const name of [...this.#tenants.keys()]) this.releaseTenant(name)
  }

  /** What a tenant holds under keys that begin so, with its name. */
  releaseBeginning(prefix: string): void {
    const tenant = this.#tenants.get(prefix.slice(0, prefix.indexOf('/')))
    if (tenant === undefined) return
    for (const held of [...tenant.floor.values(), ...tenant.spare.values()]) {
      if (held.key.startsWith(prefix)) this.#leave(held)
    }
    this.#forget(tenant)
  }

  /** Counted as evictions. */
  releaseUnconfirmedSince(ms: number): void {
    for (const held of [...this.#spare.values(), ...this.#floor.values()]) {
      if (held.confirmedAtMs <= ms) this.#evict(held)
    }
  }

  /** Room for a shelf that is about to be read. End it with `free`, before the shelf is held. */
  reserve(key: string): Room {
    const tenant = this.#tenantOf(key)
    tenant.loads++
    return { tenant, bytes: 0 }
  }

  /**
   * Makes the room that large: to become floor as far as the tenant's floor allows, else of what is spare. False, and
   * nothing is taken from anybody, when there is not so much.
   */
  grow(room: Room, bytes: number): boolean {
    const { tenant } = room
    const more = bytes - room.bytes
    const asFloor = tenant.loads <= floorShelves && tenant.loadingBytes + more <= this.#floorLimit
    const fixed = this.#loadingBytes + more + (asFloor ? 0 : this.#floorBytes + this.#besideBytes)
    if (fixed > this.#budgetBytes) return false
    room.bytes = bytes
    tenant.loadingBytes += more
    this.#loadingBytes += more
    if (asFloor) this.#lower(tenant)
    this.#shrinkTo(this.#budgetBytes, asFloor)
    return true
  }

  free(room: Room): void {
    const { tenant, bytes } = room
    tenant.loads--
    tenant.loadingBytes -= bytes
    this.#loadingBytes -= bytes
    this.#forget(tenant)
  }

  /**
   * Counts so many bytes more (or, where negative, fewer) that are kept beside the shelves. What is spare makes room for them;
   * nobody's floor does, so that alone they can come to more than the budget.
   */
  countBeside(more: number): void {
    this.#besideBytes += more
    this.#shrinkTo(this.#budgetBytes, false)
  }

  /** No shelf larger than this finds room now. */
  get limit(): number {
    return Math.max(this.#floorLimit, this.#budgetBytes - this.#floorBytes - this.#besideBytes) - this.#loadingBytes
  }

  /** Puts the oldest of a tenant's floor among what is spare, until floor and loads keep within what a floor may be. */
  #lower(tenant: Tenant): void {
    const { floor } = tenant
    while (
      floor.size > 0 &&
      (floor.size + tenant.loads > floorShelves || tenant.floorBytes + tenant.loadingBytes > this.#floorLimit)
    ) {
      const [oldest] = floor.values()
      this.#leave(oldest!)
      this.#enterSpare(oldest!)
    }
  }

  #shrinkTo(bytes: number, floorsToo: boolean): void {
    while (this.bytes > bytes && this.#spare.size > 0) this.#evict(firstOf(this.#spare))
    if (!floorsToo) return
    while (this.bytes - this.#besideBytes > bytes && this.#floor.size > 0) this.#evict(firstOf(this.#floor))
  }

  #evict(held: Held): void {
    this.#leave(held)
    this.#forget(held.tenant)
    this.#evictions++
  }

  #enterFloor(held: Held): void {
    this.#floor.set(held.key, held)
    held.tenant.floor.set(held.key, held)
    held.tenant.floorBytes += held.bytes
    this.#floorBytes += held.bytes
  }

  #enterSpare(held: Held): void {
    this.#spare.set(held.key, held)
    held.tenant.spare.set(held.key, held)
    this.#spareBytes += held.bytes
  }

  #leave(held: Held): void {
    const { key, tenant, bytes } = held
    if (this.#floor.delete(key)) {
      tenant.floor.delete(key)
      tenant.floorBytes -= bytes
      this.#floorBytes -= bytes
    } else if (this.#spare.delete(key)) {
      tenant.spare.delete(key)
      this.#spareBytes -= bytes
    }
  }

  #tenantOf(key: string): Tenant {
    const name = key.slice(0, key.indexOf('/'))
    let tenant = this.#tenants.get(name)
    if (tenant === undefined) {
      tenant = { name, floor: new Map(), spare: new Map(), floorBytes: 0, loads: 0, loadingBytes: 0 }
      this.#tenants.set(name, tenant)
    }
    return tenant
  }

  /** A tenant of which nothing is held or being read takes no memory. */
  #forget(tenant: Tenant): void {
    if (tenant.floor.size + tenant.spare.size + tenant.loads === 0) this.#tenants.delete(tenant.name)
  }
}

function firstOf(shelves: ReadonlyMap<string, Held>): Held {
  const [first] = shelves.values()
  return first!
}
