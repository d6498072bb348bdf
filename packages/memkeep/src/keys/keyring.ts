import { hash } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { MemkeepError } from '../core/errors.ts'
import type { KillPoint } from '../core/seams.ts'
import { HeldKeys } from './held-keys.ts'
import { KeyDestruction } from './key-destruction.ts'
import type { KeyProvider } from './key-provider.ts'
import { KeyRolls } from './key-rolls.ts'
import { KeyRotation } from './key-rotation.ts'
import type { KeyStore } from './key-store.ts'
import { LogKey } from './log-key.ts'
import { erasedEpoch, newestVersion, versionsOf } from './newest-version.ts'
import { NotedHeads } from './noted-heads.ts'
import type { Secret } from './secret.ts'
import { TenantKeys } from './tenant-keys.ts'
import { TokenSecret } from './token-secret.ts'
import { VersionKeys } from './version-keys.ts'
import { keyGone, WrappedKeys } from './wrapped-keys.ts'

export interface KeyringInput {
  readonly provider: KeyProvider
  readonly store: KeyStore
  readonly clock: Clock
  /** The longest time that anything stays open. Default 300,000; from 1,000 to 86,400,000. */
  readonly holdMs?: number
  readonly reach: (point: KillPoint) => void
}

export const defaultHoldMs = 300_000
const tagsKept = 10_000

/**
 * Every key of a deployment, opened when asked for and held for at most `holdMs`. Processes may share a key store: of two
 * that make the same key, one wins and both use it. Never makes a key in place of one that is lost or cannot be opened.
 * For errors see `WrappedKeys`; every call throws `ERR_CLOSED` after `close`.
 */
export class Keyring {
  readonly #held: HeldKeys
  readonly #wrapped: WrappedKeys
  readonly #reach: (point: KillPoint) => void
  readonly #notedHeads: NotedHeads
  /** Each takes an HMAC to make, and never changes. */
  readonly #tenantTags = new Map<string, Buffer>()
  /** Puts an end to keys. */
  readonly destruction: KeyDestruction
  /** Puts an end to the keys of their own that versions have. */
  readonly versions: VersionKeys
  /** Replaces keys that are as good as ever, by plan. */
  readonly rotation: KeyRotation

  constructor(input: KeyringInput) {
    const holdMs = input.holdMs ?? defaultHoldMs
    if (!(holdMs >= 1000 && holdMs <= 86_400_000)) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'keys are held for 1,000 to 86,400,000 ms')
    }
    this.#held = new HeldKeys(input.clock, holdMs)
    this.#wrapped = new WrappedKeys(input.provider, input.store, this.#held)
    this.#reach = input.reach
    this.#notedHeads = new NotedHeads(this.#wrapped)
    const rolls = new KeyRolls(this.#wrapped, this.#held, input.reach)
    this.destruction = new KeyDestruction(this.#wrapped, this.#held, rolls, input.reach)
    this.versions = new VersionKeys(this.#wrapped, this.#held, rolls, input.clock, input.reach)
    this.rotation = new KeyRotation(this.#wrapped, rolls)
  }

  /** 16 bytes, not to be changed; the tenant need not exist. */
  async tenantTag(tenant: string): Promise<Buffer> {
    const key = await this.#deploymentTagKey()
    const known = this.#tenantTags.get(tenant)
    if (known !== undefined) return known
    const tag = key.tag('tenant', tenant)
    if (this.#tenantTags.size === tagsKept) this.#tenantTags.clear()
    this.#tenantTags.set(tenant, tag)
    return tag
  }

  /**
   * Makes the tenant's keys unless it has some. `created` is true for the one call that put the last record; a call that was
   * killed may have put it, so do whatever else a tenant needs in either case. Throws `ERR_SCOPE_BARRED` for one that was
   * erased.
   */
  async createTenant(tenant: string): Promise<{ keys: TenantKeys; created: boolean }> {
    const tag = await this.tenantTag(tenant)
    const created = await this.#makeTenant(tag)
    if (created) this.#reach('keys.tenant-created')
    return { keys: await this.tenantByTag(tag), created }
  }

  /** The last epoch of a tenant, or of one of its subjects, that was erased; 0 when none was. */
  async erasedEpoch(tag: Buffer, subjectTag: Buffer | null): Promise<number> {
    const prefix =
      subjectTag === null ? tenantPrefix(tag) : `subject/${tag.toString('hex')}/${subjectTag.toString('hex')}/`
    return erasedEpoch(prefix, await this.#wrapped.list(prefix))
  }

  /** Makes the keys of an erased tenant's next epoch, unless they are there: `epoch` is later than the one that was erased. */
  async reopenTenant(tag: Buffer, epoch: number): Promise<TenantKeys> {
    const prefix = tenantPrefix(tag)
    await this.#wrapped.make(`${prefix}tag`)
    await this.#wrapped.make(`${prefix}wrap/1`)
    await this.#wrapped.make(`${prefix}${epoch}/1`)
    this.forget(tag)
    return this.tenantByTag(tag)
  }

  /** Throws `ERR_TENANT_UNKNOWN` when it has no keys, `ERR_SCOPE_BARRED` when it was erased. */
  async tenant(tenant: string): Promise<TenantKeys> {
    return this.tenantByTag(await this.tenantTag(tenant))
  }

  /** As `tenant`. */
  async tenantByTag(tag: Buffer): Promise<TenantKeys> {
    return this.#held.get(tenantPrefix(tag), () => this.#openTenant(tag))
  }

  /** Keys of the deployment itself, made when absent. No tenant id gives its tag. */
  async deployment(): Promise<TenantKeys> {
    const tag = (await this.#deploymentTagKey()).tag('deployment')
    return this.#held.get(tenantPrefix(tag), async () => {
      await this.#makeTenant(tag)
      return this.#openTenant(tag)
    })
  }

  /** 32 bytes that sign tokens of one window (u32). A copy, the caller's own. */
  async tokenKey(window: number): Promise<Buffer> {
    if (!Number.isInteger(window) || window < 0 || window > 0xffff_ffff) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'the window of a token key is an unsigned 32-bit number')
    }
    for (;;) {
      const held = await this.#held.get(
        `token/${window}`,
        async () => new TokenSecret((await this.#tokenRoot()).derive('token', window)),
      )
      const copy = held.copy()
      // Null: its time was over between being found and being handed on. What is zero must never sign.
      if (copy !== null) return copy
    }
  }

  /**
   * What names and signs the log of a tenant, or the deployment's own (`deploymentLogTag`). `line` counts the tenant's logs from
   * 1. It outlives the tenant's keys: what is left of an erased tenant's log must still be signed.
   */
  async logKey(tag: Buffer, line: number): Promise<LogKey> {
    return this.#held.get(
      `log/${tag.toString('hex')}/${line}`,
      async () => new LogKey(await this.#logRoot(), tag, line),
    )
  }

  /** 16 bytes in the place of a tenant's tag, under which the deployment's log of heads is kept. No tenant has it. */
  async deploymentLogTag(): Promise<Buffer> {
    return (await this.#deploymentTagKey()).tag('deployment', 'log')
  }

  /** 16 bytes in the place of a tenant's tag, for what signs heads of the erasure ledger. */
  async erasureLedgerTag(): Promise<Buffer> {
    return (await this.#deploymentTagKey()).tag('deployment', 'erasures')
  }

  /** The line that all logs are in, as far as this key store knows: it rises when a database that was set back is accepted. */
  async logLine(): Promise<number> {
    return this.#wrapped.numberOf(lineName, 'line', 1)
  }

  /** A line is begun once, whatever becomes of the database: raise this before anything is put into its logs. */
  async setLogLine(line: number): Promise<void> {
    await this.#wrapped.note(lineName, { line: String(line) })
  }

  /** The size of a log that one witness of it certainly saw, as far as this key store knows; 0: none. */
  async witnessedSize(witness: string, origin: string): Promise<number> {
    return this.#wrapped.numberOf(witnessedName(witness, origin), 'size', 0)
  }

  async setWitnessedSize(witness: string, origin: string, size: number): Promise<void> {
    await this.#wrapped.note(witnessedName(witness, origin), { size: String(size) })
  }

  /** Heads of logs of this line (the lines that a checkpoint signs) that were noted, by the tag of whose log it is, in hex. */
  notedHeads(line: number): Promise<Map<string, string>> {
    return this.#notedHeads.of(line)
  }

  /** Has the key store remember these, as `notedHeads` says them; of a line that is over it remembers none. */
  noteHeads(line: number, heads: ReadonlyMap<string, string>): Promise<void> {
    return this.#notedHeads.note(line, heads)
  }

  /** Puts another root of all token keys in the place of the one that stands. */
  async replaceTokenRoot(): Promise<void> {
    await this.#wrapped.remove('deployment/token')
    await this.#wrapped.make('deployment/token')
    this.#held.drop('deployment/token')
    this.#held.drop('token/')
  }

  /** The head of the erasure ledger that this key store knows of; a restored one knows less. */
  async guardHead(): Promise<string | null> {
    return (await this.#wrapped.noteOf(guardName))?.head ?? null
  }

  async setGuardHead(head: string): Promise<void> {
    await this.#wrapped.note(guardName, { head })
  }

  /** Drops a tenant's opened keys, and its subjects', in use or not: when its epoch has changed. */
  forget(tag: Buffer): void {
    this.#held.drop(tenantPrefix(tag))
    this.#held.drop(`subject/${tag.toString('hex')}/`)
    this.#held.drop(versionsOf(tag))
  }

  /** Drops everything. */
  close(): void {
    this.#held.close()
  }

  /** The tenant key goes last: a tenant exists from its key on, and a retry completes what is missing. */
  async #makeTenant(tag: Buffer): Promise<boolean> {
    const prefix = tenantPrefix(tag)
    const names = await this.#wrapped.list(prefix)
    if (newestVersion(prefix, names) !== null) return false
    if (erasedEpoch(prefix, names) > 0) throw tenantErased()
    // Nobody has subjects before a key: this one was lost, and a new one would open nothing.
    if ((await this.#wrapped.list(`subject/${tag.toString('hex')}/`)).length > 0) throw keyGone()
    await this.#wrapped.make(`${prefix}tag`)
    await this.#wrapped.make(`${prefix}wrap/1`)
    return this.#wrapped.make(`${prefix}${await this.#wrapped.firstEpoch()}/1`)
  }

  async #openTenant(tag: Buffer): Promise<TenantKeys> {
    const prefix = tenantPrefix(tag)
    const names = await this.#wrapped.list(prefix)
    const newest = newestVersion(prefix, names)
    const erased = erasedEpoch(prefix, names)
    if (erased > 0 && (newest === null || newest.epoch <= erased)) throw tenantErased()
    if (newest === null) throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
    const tagKey = await this.#wrapped.open(`${prefix}tag`)
    const [wrapped, held, reach] = [this.#wrapped, this.#held, this.#reach]
    return new TenantKeys({ tag: Buffer.from(tag), tagKey, newest, wrapped, held, reach })
  }

  /** Never made anew beside tenants: their tags would change, and with them everything would be out of reach. */
  #deploymentTagKey(): Promise<Secret> {
    const name = 'deployment/tag'
    return this.#held.get(name, async () => {
      const found = await this.#wrapped.find(name)
      if (found !== null) return found
      if ((await this.#wrapped.list('tenant/')).length === 0) {
        await this.#wrapped.make(name)
      }
      return this.#wrapped.open(name)
    })
  }

  #tokenRoot(): Promise<Secret> {
    return this.#deploymentSecret('deployment/token')
  }

  #logRoot(): Promise<Secret> {
    return this.#deploymentSecret('deployment/log')
  }

  #deploymentSecret(name: string): Promise<Secret> {
    return this.#held.get(name, async () => {
      const found = await this.#wrapped.find(name)
      if (found !== null) return found
      await this.#wrapped.make(name)
      return this.#wrapped.open(name)
    })
  }
}

const guardName = 'guard/head'
const lineName = 'guard/line'
/** Witness and log are in the name as a hash: neither an address nor the name of a log. */
const witnessedName = (witness: string, origin: string): string =>
  `guard/witnessed-${hash('sha256', `${witness}\n${origin}`).slice(0, 32)}`

function tenantErased(): MemkeepError {
  return new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
}

function tenantPrefix(tag: Buffer): string {
  if (tag.length !== 16) throw new MemkeepError('ERR_INPUT_INVALID', 'a tenant tag is 16 bytes')
  return `tenant/${tag.toString('hex')}/`
}
