import type pg from 'pg'
import { detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { RefusedTokens } from '../core/refused-tokens.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'
import { installTokenKeys, verifyingKeys } from '../store/token-keys.ts'

export interface UpkeepReport {
  /** Memories removed because their time had passed. */
  readonly expired: number
  /** Shelves that were swept. */
  readonly swept: number
  /** Erasures that had been broken off, or waited, and are done now. */
  readonly erased: number
}

interface DueRow {
  readonly outcome: string | null
  readonly tenant: Buffer
  readonly subject: Buffer
  readonly tenant_epoch: number
  readonly shelf_epoch: number
}

const shelvesAtOnce = 500

/** What runs without a caller: token keys for the database, and the removal of what has expired. Several may run. */
export class Upkeep {
  readonly #pool: pg.Pool
  readonly #doorways: Doorways
  readonly #keyring: Keyring
  readonly #seams: Seams
  #erase: () => Promise<number> = async () => 0

  /** `pool` is of the login `memkeep_upkeep`. */
  constructor(pool: pg.Pool, keyring: Keyring, seams: Seams, refused = new RefusedTokens()) {
    this.#pool = pool
    this.#keyring = keyring
    this.#seams = seams
    this.#doorways = new Doorways(pool, (window) => keyring.tokenKey(window), seams.clock, seams.ids, { refused })
  }

  /** What goes on with erasures, and returns how many it finished. */
  resumesErasuresBy(erase: () => Promise<number>): void {
    this.#erase = erase
  }

  /**
   * One pass over everything that is due. A shelf that cannot be swept (its tenant's keys are gone, say) holds up no other:
   * the first such error is thrown once the rest is done.
   */
  async run(): Promise<UpkeepReport> {
    await this.installKeys()
    const failures: unknown[] = []
    let expired = 0
    let swept = 0
    for (;;) {
      const due = await this.#dueShelves()
      const failedBefore = failures.length
      for (const row of due) {
        try {
          expired += await this.#sweep(row)
        } catch (error) {
          failures.push(error)
        }
      }
      const done = due.length - (failures.length - failedBefore)
      swept += done
      // Shelves that failed stay due: without one that did not, another look would bring the same ones.
      if (due.length < shelvesAtOnce || done === 0) break
    }
    let erased = 0
    try {
      erased = await this.#erase()
    } catch (error) {
      failures.push(error)
    }
    if (failures.length > 0) throw failures[0]
    return { expired, swept, erased }
  }

  async installKeys(): Promise<void> {
    await installTokenKeys(this.#pool, await verifyingKeys((window) => this.#keyring.tokenKey(window)))
    this.#seams.reach('upkeep.keys-installed')
  }

  async #dueShelves(): Promise<DueRow[]> {
    const keys = await this.#keyring.deployment()
    const event = this.#seams.ids.uuid(this.#seams.clock.now())
    const rows = await this.#doorways.read<DueRow>({
      doorway: 'due_shelves',
      claims: upkeepClaims(keys, keys.commonTag, 0, keys.epoch),
      event,
      args: [shelvesAtOnce, await upkeepDetail(keys, event)],
    })
    return rows.filter((row) => row.outcome === null)
  }

  async #sweep(due: DueRow): Promise<number> {
    const keys = await this.#keyring.tenantByTag(due.tenant)
    const event = this.#seams.ids.uuid(this.#seams.clock.now())
    const rows = await this.#doorways.call<{ outcome: string; ids: string[] }>({
      doorway: 'sweep',
      event,
      claims: upkeepClaims(keys, due.subject, due.shelf_epoch, due.tenant_epoch),
      args: [await upkeepDetail(keys, event)],
    })
    this.#seams.reach('upkeep.expired')
    return rows === 'committed' ? 0 : rows[0]!.ids.length
  }
}

function upkeepClaims(keys: TenantKeys, shelf: Buffer, shelfEpoch: number, tenantEpoch: number): Claims {
  return {
    tenant: keys.tag,
    reach: shelf.equals(keys.commonTag) ? 'common' : 'subject',
    shelf,
    tenantEpoch,
    shelfEpoch,
    clearance: 0b111,
    writable: 0b111,
    actors: 0,
    rights: rightBits.upkeep,
    principal: keys.principalTag('memkeep upkeep'),
    policyVersion: 0,
  }
}

async function upkeepDetail(keys: TenantKeys, event: string): Promise<Buffer> {
  const key = await keys.own()
  return frameDetail(
    'tenant',
    key.epoch,
    key.seal('audit', encodeDetail({ principal: 'memkeep upkeep', roles: [] }), detailContext(event)),
  )
}
