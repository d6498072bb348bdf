import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { type Actor, type Keep, type KeepOptions, openMemkeep, type Right, type ScopedMemory } from '../../src/index.ts'
import { mintCommonScope, mintGrant, mintScope, mintTenantScope } from '../../src/trust.ts'
import { fastDirectory } from './fast-directory.ts'
import { HandClock } from './hand-clock.ts'
import { keysAt } from './keys-at.ts'

/** Who asks, and for whom; what is absent is tenant acme, subject ana, a principal with the role `agent`. */
export interface Asking {
  readonly tenant?: string
  readonly subject?: string
  readonly principal?: string
  readonly roles?: readonly string[]
  readonly rights?: readonly Right[]
  readonly actors?: readonly Actor[]
  readonly agent?: string
  readonly session?: string
}

/** A place for keys that is cheap to sync, gone with `remove`. */
export function keyPlace() {
  const dir = mkdtempSync(join(fastDirectory, 'mk-keys-'))
  return { dir, ...keysAt(dir), remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }) }
}

/** A database of its own, its keys, and as many keeps on it as a test opens. Time stands still until the test moves it. */
export class TestKeep implements AsyncDisposable {
  readonly database: TestDatabase
  readonly clock = new HandClock()
  readonly keyDir: string
  readonly keep: Keep
  readonly #place: ReturnType<typeof keyPlace>
  readonly #opened: Keep[]

  private constructor(database: TestDatabase, place: ReturnType<typeof keyPlace>, clock: HandClock, keep: Keep) {
    this.database = database
    this.keyDir = place.dir
    this.clock = clock
    this.keep = keep
    this.#place = place
    this.#opened = [keep]
  }

  /** With the tenants `acme` and `globex`. */
  static async start(options: Partial<KeepOptions> = {}, on?: TestDatabase): Promise<TestKeep> {
    const [database, place, clock] = [on ?? (await freshDatabase()), keyPlace(), new HandClock()]
    const keep = await openMemkeep({ ...settings(database, place, clock), ...options })
    const test = new TestKeep(database, place, clock, keep)
    await test.createTenant('acme')
    await test.createTenant('globex')
    return test
  }

  /** One more keep on the same database and keys: another process, as far as memory goes. */
  async open(options: Partial<KeepOptions> = {}): Promise<Keep> {
    const { upkeep: _, ...base } = settings(this.database, this.#place, this.clock)
    const keep = await openMemkeep({ ...base, ...options })
    this.#opened.push(keep)
    return keep
  }

  async createTenant(tenant: string): Promise<void> {
    await this.privileged().tenants.create(tenant)
  }

  privileged(keep: Keep = this.keep) {
    const principal = { id: 'operator', roles: [] }
    return keep.privileged(mintGrant({ principal, rights: ['tenants'], reason: 'a test', ttlSeconds: 600 }))
  }

  memory(asking: Asking = {}, keep: Keep = this.keep): ScopedMemory {
    return keep.for(mintScope({ ...base(asking), subject: asking.subject ?? 'ana', ...bounds(asking) }))
  }

  common(asking: Asking = {}, keep: Keep = this.keep): ScopedMemory {
    return keep.for(mintCommonScope(base(asking)))
  }

  wide(asking: Asking = {}, keep: Keep = this.keep) {
    return keep.for(mintTenantScope(base(asking)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const keep of this.#opened) await keep.close()
    await this.database.drop()
    this.#place.remove()
  }
}

function settings(database: TestDatabase, place: ReturnType<typeof keyPlace>, clock: HandClock): KeepOptions {
  const { keys, keyStore } = place
  const logins = { database: { ...database.app, max: 5 }, upkeep: { ...database.upkeep, max: 1 } }
  return { ...logins, keys, keyStore, acceptOldServer: true, audit: { mergeDelaySeconds: 3600 }, seams: { clock } }
}

function base({ tenant = 'acme', principal = 'svc', roles = ['agent'], rights = [], actors = [] }: Asking) {
  return { tenant, principal: { id: principal, roles, rights, actors } }
}

function bounds({ agent, session }: Asking) {
  return { ...(agent === undefined ? {} : { agent }), ...(session === undefined ? {} : { session }) }
}
