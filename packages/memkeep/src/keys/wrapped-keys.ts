import { randomBytes } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import { aeadOpen, aeadSeal, sealBroken } from './aead.ts'
import type { HeldKeys } from './held-keys.ts'
import type { KeyProvider } from './key-provider.ts'
import { checkCommitment, commitmentOf, encodeKeyRecord, type KeyRecord, parseKeyRecord } from './key-record.ts'
import type { KeyStore } from './key-store.ts'
import { newestGeneration, newestVersion } from './newest-version.ts'
import { Secret } from './secret.ts'

/**
 * The tree of keys in a key store. The root wraps `generation/<n>`; the newest generation wraps `deployment/*` and
 * `tenant/<tag>/*`; a tenant's key wraps `subject/<tenant tag>/<subject tag>/*`. A record opens under its own name only.
 *
 * `ERR_KEY_UNAVAILABLE`: the store or the root cannot be reached (retryable), or it is not the root that wrapped these keys
 * (not retryable). `ERR_SEAL_BROKEN`: a record was altered, swapped, or holds another key than it was made for.
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
    const bytes = await reaching('key store', () => this.#store.get(name))
    if (bytes === null) return null
    const record = parseKeyRecord(bytes)
    const secret = new Secret(await this.#unwrap(name, record))
    checkCommitment(record, secret)
    return secret
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
  async make(name: string, wrappedBy: string | null): Promise<boolean> {
    const raw = randomBytes(32)
    try {
      const wrapped = await this.#wrap(name, raw, wrappedBy)
      const secret = new Secret(raw)
      const record = { wrappedBy: wrappedBy ?? this.#provider.id, wrapped, commitment: commitmentOf(secret) }
      secret.destroy()
      return await reaching('key store', () => this.#store.putIfAbsent(name, encodeKeyRecord(record)))
    } finally {
      raw.fill(0)
    }
  }

  /** Deletes a record. False when there was none. */
  remove(name: string): Promise<boolean> {
    return reaching('key store', () => this.#store.delete(name))
  }

  /** Puts a record that holds no key: it says that something was erased. */
  async mark(name: string): Promise<void> {
    await reaching('key store', () => this.#store.putIfAbsent(name, Buffer.from('{"v":1,"erased":true}\n')))
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
    if ((await this.list('')).length === 0) await this.make('generation/1', null)
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
      return reaching('root key', () => this.#provider.unwrap(record.wrapped, wrappingContext(name, null)))
    }
    if (!isParent(record.wrappedBy, name)) throw sealBroken()
    const parent = await this.held(record.wrappedBy)
    return aeadOpen(parent.subkey('wrap'), record.wrapped, wrappingContext(name, record.wrappedBy), 0)
  }

  #checkRoot(record: KeyRecord): void {
    if (record.wrappedBy === this.#provider.id) return
    throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'the keys in this store were wrapped by another root key')
  }
}

export function keyGone(): MemkeepError {
  return new MemkeepError('ERR_KEY_DESTROYED', 'the key is gone from the key store: destroyed, or lost')
}

function wrappingContext(name: string, wrappedBy: string | null): Buffer {
  return canonicalBytes(['memkeep key record', 1, name, wrappedBy])
}

/** One level up, and of the same tenant: a record never sends us to another tenant's key. */
function isParent(wrappedBy: string, name: string): boolean {
  const [kind, tenant] = name.split('/')
  const found = kind === 'subject' ? newestVersion(`tenant/${tenant}/`, [wrappedBy]) : newestGeneration([wrappedBy])
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
