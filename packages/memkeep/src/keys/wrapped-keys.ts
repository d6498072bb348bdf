import { randomBytes } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import { aeadOpen, aeadSeal, sealBroken } from './aead.ts'
import { keyDamaged, naming } from './damaged-key.ts'
import type { HeldKeys } from './held-keys.ts'
import type { KeyProvider } from './key-provider.ts'
import {
  checkCommitment,
  commitmentOf,
  encodeKeyRecord,
  type KeyRecord,
  parseKeyRecord,
  parseWords,
} from './key-record.ts'
import type { KeyStore } from './key-store.ts'
import { newestGeneration, newestWrap, passedEpoch, passedPrefix } from './newest-version.ts'
import { Secret } from './secret.ts'

/**
 * The tree of keys in a key store. The root wraps `generation/<n>`; the newest generation wraps `deployment/*` and
 * `tenant/<tag>/*`; of these, the newest `tenant/<tag>/wrap/<n>` wraps `subject/<tag>/<subject tag>/*` and `version/<tag>/<id>/*` and does nothing
 * else, so that it can be replaced. A record opens under its own name only.
 *
 * Whoever writes a record looks afterwards whether its parent is still the newest of its kind, and wraps it anew if not. Whoever
 * replaces a parent puts the new one first and then wraps anew what it finds under the old: so none is left behind, whatever
 * the order.
 *
 * `ERR_KEY_UNAVAILABLE`: the store or the root cannot be reached (retryable), or it is not the root that wrapped these keys
 * (not retryable). `ERR_SEAL_BROKEN`: a record was altered, swapped, or holds another key than it was made for
 * (`damagedKeyOf` says which).
 * `ERR_KEY_DESTROYED`: a record on the way is gone.
 */
export class WrappedKeys {
  readonly #provider: KeyProvider
  readonly #store: KeyStore
  readonly #held: HeldKeys

  constructor(provider: KeyProvider, store: KeyStore, held: HeldKeys) {
    this.#provider = provider
    this.#store = store
    this.#held = held
  }

  list(prefix: string): Promise<string[]> {
    return reaching('key store', () => this.#store.list(prefix))
  }

  /** The key of a record, or null when there is no such record. The caller destroys it. */
  async find(name: string): Promise<Secret | null> {
    for (let seen: Buffer | null = null; ; ) {
      const bytes = await this.#get(name)
      if (bytes === null) return null
      try {
        return await this.#openRecord(name, bytes)
      } catch (error) {
        // Its parent went between the two looks: then it stands under the next one by now.
        if (!isGone(error) || seen?.equals(bytes)) throw error
        seen = bytes
      }
    }
  }

  #openRecord(name: string, bytes: Buffer): Promise<Secret> {
    return naming(name, async () => {
      const record = parseKeyRecord(bytes)
      const secret = new Secret(await this.#unwrap(name, record))
      checkCommitment(record, secret)
      return secret
    })
  }

  /** As `find`; throws `ERR_KEY_DESTROYED` instead of null. */
  async open(name: string): Promise<Secret> {
    const secret = await this.find(name)
    if (secret === null) throw keyGone()
    return secret
  }

  /** As `open`, kept open for a while for others who ask. Never destroy it. */
  held(name: string): Promise<Secret> {
    return this.#held.get(name, () => this.open(name))
  }

  /** Puts a new random key there, unless there is one. True when this call made it. */
  async make(name: string): Promise<boolean> {
    const raw = randomBytes(32)
    try {
      const parent = await this.parentOf(name)
      const wrapped = await this.#wrap(name, raw, parent)
      const secret = new Secret(Buffer.from(raw))
      const commitment = commitmentOf(secret)
      secret.destroy()
      const record = { wrappedBy: parent ?? this.#provider.id, wrapped, commitment }
      const made = await reaching('key store', () => this.#store.putIfAbsent(name, encodeKeyRecord(record)))
      // Also one that another process had made, and was killed before it looked at the parent again.
      if (made) await this.#followParent(name, raw, record)
      else await this.rewrap(name)
      return made
    } finally {
      raw.fill(0)
    }
  }

  /** Wraps a record anew under the newest parent. False when there is none, or it stands there already. */
  async rewrap(name: string): Promise<boolean> {
    for (let seen: Buffer | null = null; ; ) {
      const bytes = await this.#get(name)
      if (bytes === null) return false
      try {
        return await this.#rewrapRecord(name, bytes)
      } catch (error) {
        // As in `find`: who replaces the same parent at the same time was faster, and has taken the old one away.
        if (!isGone(error) || seen?.equals(bytes)) throw error
        seen = bytes
      }
    }
  }

  async #rewrapRecord(name: string, bytes: Buffer): Promise<boolean> {
    const record = await naming(name, async () => parseKeyRecord(bytes))
    if (record.wrappedBy === (await this.#newestParent(name))) return false
    const raw = await naming(name, () => this.#unwrap(name, record))
    try {
      await this.#followParent(name, raw, record)
      return true
    } finally {
      raw.fill(0)
    }
  }

  /** Replaces the record until it stands under the parent that is the newest after it was written. */
  async #followParent(name: string, raw: Buffer, { wrappedBy, commitment }: KeyRecord): Promise<void> {
    for (let under = wrappedBy; ; ) {
      const parent = await this.#newestParent(name)
      if (parent === null || parent === under) return
      const record = { wrappedBy: parent, wrapped: await this.#wrap(name, raw, parent), commitment }
      await reaching('key store', () => this.#store.replace(name, encodeKeyRecord(record)))
      under = parent
    }
  }

  /** Name of the record that a new record of that name is wrapped by; null for the root. Made when there is none. */
  async parentOf(name: string): Promise<string | null> {
    const [kind, tenant] = name.split('/')
    if (kind === 'generation') return null
    if (!isLeaf(kind)) return this.generation()
    const prefix = `tenant/${tenant}/`
    const found = await this.#held.get(`${prefix}wrap/`, async () => {
      const name = newestWrap(prefix, await this.list(prefix))?.name
      if (name === undefined) throw keyGone()
      return { name, destroy() {} }
    })
    return found.name
  }

  /** As `parentOf`, looked up anew. */
  async #newestParent(name: string): Promise<string | null> {
    const [kind, tenant] = name.split('/')
    if (kind === 'generation') return null
    if (!isLeaf(kind)) return newestGeneration(await this.list('generation/'))?.name ?? null
    const prefix = `tenant/${tenant}/`
    return newestWrap(prefix, await this.list(prefix))?.name ?? null
  }

  /** The first epoch in which nothing was erased that has been forgotten. */
  async firstEpoch(): Promise<number> {
    return passedEpoch(await this.list(passedPrefix)) + 1
  }

  /** What wraps a record, by its own word; null when there is none. */
  async wrapperOf(name: string): Promise<string | null> {
    const bytes = await this.#get(name)
    return bytes === null ? null : (await naming(name, async () => parseKeyRecord(bytes))).wrappedBy
  }

  #get(name: string): Promise<Buffer | null> {
    return reaching('key store', () => this.#store.get(name))
  }

  /** Deletes a record. False when there was none. */
  remove(name: string): Promise<boolean> {
    return reaching('key store', () => this.#store.delete(name))
  }

  /** Puts a record that holds no key: it says that something was erased, and how far that went. */
  async mark(name: string, says: Readonly<Record<string, number>> | null): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify({ v: 1, erased: true, ...says })}\n`, 'utf8')
    const write = says === null ? this.#store.putIfAbsent(name, bytes) : this.#store.replace(name, bytes)
    await reaching('key store', async () => void (await write))
  }

  /** What a record that holds no key says; null when there is none. */
  async markOf(name: string): Promise<Readonly<Record<string, number>> | null> {
    const bytes = await this.#get(name)
    if (bytes === null) return null
    const { erased, ...says } = await naming(name, async () => parseWords(bytes))
    if (erased !== true || !Object.values(says).every(Number.isSafeInteger)) throw keyDamaged(name)
    return says as Record<string, number>
  }

  /** As `mark`, of words that stand for no erasure. */
  async note(name: string, says: Readonly<Record<string, string>>): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify({ v: 1, ...says })}\n`, 'utf8')
    await reaching('key store', () => this.#store.replace(name, bytes))
  }

  async noteOf(name: string): Promise<Readonly<Record<string, string>> | null> {
    const bytes = await this.#get(name)
    if (bytes === null) return null
    const says = await naming(name, async () => parseWords(bytes))
    if (!Object.values(says).every((word) => typeof word === 'string')) throw keyDamaged(name)
    return says as Record<string, string>
  }

  /** A whole number that a note says: of an absent note `otherwise`. */
  async numberOf(name: string, word: string, otherwise: number): Promise<number> {
    const says = await this.noteOf(name)
    if (says === null) return otherwise
    if (!/^\d{1,15}$/.test(says[word] ?? '')) throw keyDamaged(name)
    return Number(says[word])
  }

  /** What the root key can do beside wrapping. */
  get root(): KeyProvider {
    return this.#provider
  }

  /** Name of the newest generation. Makes the first one only in a store that holds nothing at all. */
  async generation(): Promise<string> {
    const { name } = await this.#held.get('generation/', async () => ({
      name: await this.#findGeneration(),
      destroy() {},
    }))
    return name
  }

  async #findGeneration(): Promise<string> {
    const found = newestGeneration(await this.list('generation/'))
    if (found !== null) return found.name
    if ((await this.list('')).length === 0) await this.make('generation/1')
    // Whatever else stands there was made after a generation, so another process's first generation is seen by now.
    const made = newestGeneration(await this.list('generation/'))
    if (made === null) {
      throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the key store holds keys but no generation: restore its backup')
    }
    return made.name
  }

  async #wrap(name: string, raw: Buffer, wrappedBy: string | null): Promise<Buffer> {
    const context = wrappingContext(name, wrappedBy)
    if (wrappedBy === null) return Buffer.from(await reaching('root key', () => this.#provider.wrap(raw, context)))
    const parent = await this.held(wrappedBy)
    return aeadSeal(parent.subkey('wrap'), raw, context, 0)
  }

  async #unwrap(name: string, record: KeyRecord): Promise<Buffer> {
    if (name.startsWith('generation/')) {
      await reaching('root key', async () => this.#checkRoot(record))
      return reaching('root key', () =>
        this.#provider.unwrap(record.wrapped, wrappingContext(name, null), record.wrappedBy),
      )
    }
    if (!isParent(record.wrappedBy, name)) throw sealBroken()
    const parent = await this.held(record.wrappedBy)
    return aeadOpen(parent.subkey('wrap'), record.wrapped, wrappingContext(name, record.wrappedBy), 0)
  }

  #checkRoot(record: KeyRecord): void {
    // A root that can be renewed knows its earlier keys itself.
    if (this.#provider.renew !== undefined || record.wrappedBy === this.#provider.id) return
    throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the keys in this store were wrapped by another root key')
  }
}

function isGone(error: unknown): boolean {
  return error instanceof MemkeepError && error.code === 'ERR_KEY_DESTROYED'
}

export function keyGone(): MemkeepError {
  return new MemkeepError('ERR_KEY_DESTROYED', 'the key is gone from the key store: destroyed, or lost')
}

function wrappingContext(name: string, wrappedBy: string | null): Buffer {
  return canonicalBytes(['memkeep key record', 1, name, wrappedBy])
}

/** What a tenant's own wrap wraps. */
function isLeaf(kind: string | undefined): boolean {
  return kind === 'subject' || kind === 'version'
}

/** One level up, and of the same tenant: a record never sends us to another tenant's key. */
function isParent(wrappedBy: string, name: string): boolean {
  const [kind, tenant] = name.split('/')
  const found = isLeaf(kind) ? newestWrap(`tenant/${tenant}/`, [wrappedBy]) : newestGeneration([wrappedBy])
  return found !== null
}

/** Lets our own errors through; anything else that a driver throws means that it could not be reached. */
async function reaching<T>(what: 'key store' | 'root key', call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    if (cause instanceof MemkeepError) throw cause
    throw new MemkeepError('ERR_KEY_UNAVAILABLE', `the ${what} cannot be reached`, { cause, retryable: true })
  }
}
