import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sayOtherBuild } from '../../../../test/database.ts'
import { ForgivingStore } from '../../src/cache/forgiving-store.ts'
import { inProcessCache } from '../../src/cache/in-process.ts'
import { systemClock } from '../../src/core/clock.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { productionSeams, type Seams } from '../../src/core/seams.ts'
import { Keep } from '../../src/keep.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { Disclosures } from '../../src/memory/disclosures.ts'
import { NotedTrust } from '../../src/memory/noted-trust.ts'
import { checkScreening } from '../../src/memory/screening.ts'
import { TenantPolicies } from '../../src/memory/tenant-policies.ts'
import { defaultPolicy } from '../../src/policy/policy.ts'
import type { Shelf } from '../../src/recall/shelf.ts'
import { ShelfCache } from '../../src/recall/shelf-cache.ts'
import { openPool } from '../../src/store/connect.ts'
import { Doorways } from '../../src/store/doorways.ts'
import { keysAt } from '../support/keys-at.ts'
import type { TestKeep } from '../support/test-keep.ts'

/** A shelf cache whose keys forget the tenant. */
class ForgetfulCache extends ShelfCache<string> {
  override get(key: string): Shelf | undefined {
    return super.get(withoutTenant(key))
  }
  override peek(key: string): Shelf | undefined {
    return super.peek(withoutTenant(key))
  }
  override put(key: string, shelf: Shelf): void {
    super.put(withoutTenant(key), shelf)
  }
  override load(key: string, ...rest: Rest<Parameters<ShelfCache<string>['load']>>): Promise<Shelf | null> {
    return super.load(withoutTenant(key), ...rest)
  }
  override drop(prefix: string): void {
    super.drop(withoutTenant(prefix))
  }
}

type Rest<T extends unknown[]> = T extends [unknown, ...infer R] ? R : never

/** Also of a key that was stripped before: `load` asks `get`. */
const withoutTenant = (key: string): string => key.replace(/^[0-9a-f]{32}\/(?=[0-9a-f]{32}\/)/, '')

/** A keep on the store's database that is whole but for its shelf cache. */
export function forgetfulKeep(store: TestKeep, given: Partial<Seams>): Keep {
  const seams = { ...productionSeams, ...given }
  const { keys, keyStore } = keysAt(store.keyDir)
  const keyring = new Keyring({ provider: keys, store: keyStore, clock: systemClock, reach: seams.reach })
  const pool = openPool({ ...store.database.app, max: 2 }, 'memkeep_app', { embedded: false, acceptOldServer: true })
  const doorways = new Doorways(pool, (window) => keyring.tokenKey(window), seams.clock, seams.ids)
  const shelves = new ForgetfulCache({ budgetBytes: 1e8, longestMs: 1e9, clock: seams.clock })
  const settings = {
    policy: defaultPolicy,
    tenantPolicies: new TenantPolicies(),
    limits: defaultLimits,
    tools: {},
    screening: checkScreening(),
    notedTrust: new NotedTrust(systemClock),
    disclosures: new Disclosures(systemClock),
    supportNeedsSecond: false,
    embedder: null,
    languages: null,
    tracer: null,
  }
  const cache = new ForgivingStore(inProcessCache())
  return new Keep({ cache, doorways, keyring, shelves, seams, ...settings }, null, async () => {
    await pool.end()
    keyring.close()
  })
}

/**
 * Takes tenant and subject out of the WHERE of one guard and every row policy's condition away: what the doorway and the
 * row wall are for. (Row security itself stays on, and another build is said to have made it, or the keep would refuse to open.)
 */
export async function loosenDatabase(store: TestKeep): Promise<void> {
  const remove = readFileSync(join(import.meta.dirname, '../../src/store/sql/guards/06-remove.sql'), 'utf8')
  const torn = remove.replaceAll('m.tenant = c.tenant and m.subject = c.shelf', 'true')
  if (torn === remove) throw new Error('the guard has another form')
  await sayOtherBuild(store.database)
  await store.database.query(torn)
  for (const table of ['memory', 'memory_version', 'removal', 'shelf']) {
    await store.database.query(`create policy hole on memkeep.${table} using (true) with check (true)`)
  }
}
