import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { backUpEmbedded, embedded, restoreEmbedded, stopEmbedded } from '@memkeep/embedded'
import type { Witness } from '../../src/audit/witness.ts'
import { type Keep, openMemkeep, type RunningEngine, type ScopedMemory } from '../../src/index.ts'
import { mintGrant, mintScope, mintTenantScope } from '../../src/trust.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { HandClock, hourMs } from '../support/hand-clock.ts'
import { keysAt } from '../support/keys-at.ts'

const removal = { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }

/** A deployment whose data directory is copied, and put back from its copies; its keys and its witness lie beside and are not. */
export class SetBack {
  readonly dir = mkdtempSync(join(fastDirectory, 'mk-back-'))
  readonly data = join(this.dir, 'db')
  readonly keys = keysAt(join(this.dir, 'keys'))
  readonly clock = new HandClock()

  open(witness?: Witness): Promise<Keep> {
    return openMemkeep({
      ...this.keys,
      database: embedded({ dir: this.data, idleSeconds: 1 }),
      audit: { mergeDelaySeconds: 3600, ...(witness === undefined ? {} : { witness }) },
      seams: { clock: this.clock },
    })
  }

  async createTenant(tenant: string): Promise<void> {
    await using keep = await this.open()
    const grant = { principal: { id: 'o', roles: [] }, rights: ['tenants'], reason: 'a test', ttlSeconds: 600 } as const
    await keep.privileged(mintGrant(grant)).tenants.create(tenant)
  }

  memory(keep: Keep, tenant = 'acme'): ScopedMemory {
    return keep.for(mintScope({ tenant, subject: 'ana', principal: { id: 'svc', roles: ['agent'] } }))
  }

  audit(keep: Keep, tenant = 'acme') {
    const principal = { id: 'auditor', roles: [], rights: ['audit', 'tenant'] } as const
    return keep.for(mintTenantScope({ tenant, principal })).audit
  }

  /** Something happens, gets its place, and a tick of the deployment's log commits to it. */
  async use(witness: Witness | undefined, content: string): Promise<string> {
    await using keep = await this.open(witness)
    const { id } = await this.memory(keep).add(content, { actor: 'user' })
    this.clock.advance(hourMs)
    await keep.runUpkeep()
    return id
  }

  copyTo(name: string): Promise<void> {
    return backUpEmbedded(this.data, join(this.dir, name))
  }

  async setBackTo(name: string): Promise<void> {
    await stopEmbedded(this.data)
    rmSync(this.data, removal)
    await restoreEmbedded(join(this.dir, name), this.data)
  }

  async withEngine<T>(work: (engine: RunningEngine) => Promise<T>): Promise<T> {
    const engine = await embedded({ dir: this.data, idleSeconds: 1 }).start()
    try {
      return await work(engine)
    } finally {
      await engine.release()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopEmbedded(this.data).catch(() => {})
    rmSync(this.dir, removal)
  }
}
