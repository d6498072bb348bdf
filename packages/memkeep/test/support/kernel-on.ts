import { ForgivingStore } from '../../src/cache/forgiving-store.ts'
import { inProcessCache } from '../../src/cache/in-process.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { readScope, type ScopeClaims } from '../../src/core/scope.ts'
import { productionSeams } from '../../src/core/seams.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { Disclosures } from '../../src/memory/disclosures.ts'
import type { Kernel } from '../../src/memory/kernel.ts'
import { NotedTrust } from '../../src/memory/noted-trust.ts'
import { checkScreening } from '../../src/memory/screening.ts'
import { TenantPolicies } from '../../src/memory/tenant-policies.ts'
import { defaultPolicy } from '../../src/policy/policy.ts'
import { ShelfCache } from '../../src/recall/shelf-cache.ts'
import { openPool } from '../../src/store/connect.ts'
import { type DoorwayCall, Doorways } from '../../src/store/doorways.ts'
import { mintScope, mintTenantScope } from '../../src/trust.ts'
import { keysAt } from './keys-at.ts'
import type { TestKeep } from './test-keep.ts'

/** What a doorway was asked, and the rows that it answered. */
export interface Trip {
  readonly doorway: string
  readonly args: readonly unknown[]
  readonly rows: readonly object[]
}

/** The parts that use cases work with, on the store's database, for tests of what lies below `keep.for`. */
export function kernelOn(store: TestKeep, options: { budgetBytes: number; keyStore?: KeyStore; holdMs?: number }) {
  const { keys, keyStore } = keysAt(store.keyDir)
  const clock = store.clock
  const keyring = new Keyring({
    provider: keys,
    store: options.keyStore ?? keyStore,
    clock,
    reach: () => {},
    holdMs: options.holdMs ?? 300_000,
  })
  const pool = openPool({ ...store.database.app, max: 4 }, 'memkeep_app', { embedded: false, acceptOldServer: true })
  const trips: Trip[] = []
  class Noted extends Doorways {
    override async call<Row extends object>(call: DoorwayCall): Promise<Row[] | 'committed'> {
      const rows = await super.call<Row>(call)
      trips.push({ doorway: call.doorway, args: call.args, rows: rows === 'committed' ? [] : rows })
      return rows
    }
  }
  const seams = { ...productionSeams, clock }
  const kernel: Kernel = Object.freeze({
    doorways: new Noted(pool, (window) => keyring.tokenKey(window), clock, seams.ids),
    keyring,
    policy: defaultPolicy,
    tenantPolicies: new TenantPolicies(),
    limits: defaultLimits,
    tools: {},
    screening: checkScreening(),
    notedTrust: new NotedTrust(clock),
    disclosures: new Disclosures(clock),
    supportNeedsSecond: false,
    embedder: null,
    languages: null,
    cache: new ForgivingStore(inProcessCache({ clock })),
    shelves: new ShelfCache<string>({ budgetBytes: options.budgetBytes, longestMs: 1e9, clock }),
    seams,
    tracer: null,
    erasuresOf: () => {
      throw new Error('nothing is erased here')
    },
    checkOpen: () => {},
    run: <T>(call: () => Promise<T>) => call(),
  })
  const close = async () => {
    await pool.end()
    keyring.close()
  }
  return { kernel, trips, [Symbol.asyncDispose]: close }
}

/** Claims as `keep.for` reads them. */
export function claimsOf(tenant: string, subject: string | 'all', roles: readonly string[] = ['agent']): ScopeClaims {
  const principal = { id: 'svc', roles }
  if (subject === 'all') return readScope(mintTenantScope({ tenant, principal }))
  return readScope(mintScope({ tenant, subject, principal }))
}
