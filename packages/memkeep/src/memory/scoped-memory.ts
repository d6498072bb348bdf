import type { ScopeErasures } from '../core/erasure.ts'
import type { Memory, StoredReceipt } from '../core/memory.ts'
import { once } from '../core/once.ts'
import { readScope, type ScopeClaims, type TenantScope } from '../core/scope.ts'
import { checkId } from '../core/text.ts'
import type { GateInput } from '../screening/write-gate.ts'
import { addBatch, type Batch, refuseWrite } from './add.ts'
import { ReadableArtifacts, ScopedArtifacts } from './artifacts/scoped-artifacts.ts'
import { ScopedCache } from './cache/scoped-cache.ts'
import { callMemory, type Operation } from './call.ts'
import { checkShelves, type ShelfCheck } from './check-shelves.ts'
import { type DeleteFilter, deleteMany, deleteOne } from './delete.ts'
import { type DoorAct, isDenial, noteDenied, noteDeniedAct } from './denied.ts'
import { type EndorseOptions, endorse } from './endorse.ts'
import { type Explanation, explain } from './explain.ts'
import { type ExportRecord, exportAll } from './export.ts'
import { get, history } from './get.ts'
import { type AddInput, type AddOptions, addOptionKeys, checkAdd, checkArray, checkBound, checkKeys } from './input.ts'
import { keptAnswerOf, type OnceOptions } from './kept-answer.ts'
import type { Kernel } from './kernel.ts'
import { Audit } from './ledger/audit.ts'
import { scopeReader } from './ledger/scope-reader.ts'
import { ScopedLibrary } from './library/scoped-library.ts'
import { type ListOptions, list, type Page } from './list.ts'
import { checkMessages, type MessageInput } from './messages.ts'
import { type MintedKey, type MintInput, mintKey } from './mint-key.ts'
import { Quarantine } from './quarantine.ts'
import { type ReembedOptions, type ReembedReport, reembed } from './reembed.ts'
import { refuseScope } from './refuse-scope.ts'
import { type ResealOptions, type ResealReport, reseal } from './reseal.ts'
import { type SearchOptions, type SearchResult, search } from './search.ts'
import { type MemoryPatch, type UpdateOptions, update } from './update.ts'
import { wouldRefuse } from './would-refuse.ts'
import { checkWrite, type WriteOptions, writeOptionKeys } from './write-options.ts'

/** What every scope can do: read. Each call checks anew that the scope has not expired. */
export class ReadableMemory {
  readonly #kernel: Kernel
  readonly #scope: TenantScope
  /** What was done, refused and disclosed, as far as the scope reaches. */
  readonly audit: Audit

  constructor(kernel: Kernel, scope: TenantScope) {
    this.#kernel = kernel
    this.#scope = scope
    this.audit = new Audit(
      kernel.keyring,
      scopeReader(kernel, () => this.#claims()),
    )
    this.#claims()
  }

  /** The library of the deployment: never among the tenant's own memories. */
  get library(): ScopedLibrary {
    return new ScopedLibrary(this.#kernel, this.#scope)
  }

  /** What was computed from the memories that the scope reads. */
  get artifacts(): ReadableArtifacts {
    return new ReadableArtifacts(this.#kernel, this.#scope)
  }

  /** The memories that answer best, and the same as text for a prompt. */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    return this.#call('search_memory', (claims) => search(this.#kernel, claims, query, options))
  }

  /** The memory, or null. A foreign id is null, as a missing one. */
  async get(id: string): Promise<Memory | null> {
    return this.#call('get_memory', (claims) => get(this.#kernel, claims, id))
  }

  /** Memories, newest first. */
  async list(options: ListOptions = {}): Promise<Page> {
    return this.#call('list_memory', (claims) => list(this.#kernel, claims, options))
  }

  /** Versions of one memory, newest first; empty when there is no such memory in sight. */
  async history(id: string): Promise<Memory[]> {
    return this.#call('list_memory_versions', (claims) => history(this.#kernel, claims, id))
  }

  /**
   * Where a memory came from, what is thought of it and, with the right `audit`, who was shown it since. Null when there is no such memory in sight.
   */
  async explain(id: string): Promise<Explanation | null> {
    return this.#call('explain_memory', (claims) => explain(this.#kernel, claims, id))
  }

  /**
   * Embeds what lacks a vector of the keep's model, and takes the words of what has no stems while the keep has languages: of
   * the scope's own shelf or, tenant-wide, of every subject's and the common one. Changes no memory, only how it is found.
   * What is done stays done: called again it goes on where it ended. Needs the right `write` (for the common shelf `common`)
   * and a role that reads and writes every sensitivity; else `ERR_ACCESS_DENIED`, as for a scope of one agent or session.
   */
  async reembed(options: ReembedOptions = {}): Promise<ReembedReport> {
    return this.#call('reembed_memory', (claims) => reembed(this.#kernel, claims, options))
  }

  /**
   * Seals what the scope holds under the newest keys of its subjects, where it is not yet: of its own shelf or, tenant-wide, of every
   * subject's and the common one. Changes nothing else. What is done stays done: called again it goes on where it ended.
   * Needs what `reembed` needs.
   */
  async reseal(options: ResealOptions = {}): Promise<ResealReport> {
    return this.#call('reseal_memory', (claims) => reseal(this.#kernel, claims, options))
  }

  /** Opens every index entry that the scope reads and keeps none. Tells what does not open, and which models made what. Slow. */
  async checkShelves(): Promise<ShelfCheck> {
    return this.#call('check_memory', (claims) => checkShelves(this.#kernel, claims))
  }

  /** The erasures of exactly this scope's subject, or of its tenant: answered also when they are barred. Needs the right `erase`. */
  get erasures(): ScopeErasures {
    return this.#kernel.erasuresOf(this.#scope)
  }

  /**
   * Makes an API key that ends by itself, for no more than this scope's principal may do: a scope of a tenant as a whole for any
   * of its subjects, one of a subject for that subject. Needs the right `mint`.
   */
  async mintKey(input: MintInput): Promise<MintedKey> {
    return this.#call('mint_key', (claims) => mintKey(this.#kernel, claims, input))
  }

  /** The tenant's tag, as spans carry it: for counting what a tenant does without its name. */
  async tenantTag(): Promise<string> {
    return (await this.#kernel.keyring.tenantTag(this.#claims().tenant)).toString('hex')
  }

  /**
   * For a door that refused a call of this scope's principal because the call named whose memories it means: has the attempt
   * stand in the ledger, as `scope.smuggling`.
   */
  async noteSmuggling(): Promise<void> {
    return this.#call('refuse_scope', (claims) => refuseScope(this.#kernel, claims))
  }

  /**
   * For a door that denied this scope's principal an act before it asked for it: has that stand in the ledger, as a denial by the kernel
   * itself does.
   */
  async noteDenied(act: DoorAct): Promise<void> {
    return this.#call('refuse_scope', (claims) => noteDeniedAct(this.#kernel, claims, act))
  }

  /** Everything that is held about whom the scope reaches, counts last. Needs the right `export`. */
  export(): AsyncGenerator<ExportRecord> {
    return exportAll(this.#kernel, this.#claims())
  }

  /** What is held until somebody has looked at it. Needs the right `review`. */
  get quarantine(): Quarantine {
    return new Quarantine(this.#kernel, this.#scope)
  }

  #call<T>(operation: Operation, run: (claims: ScopeClaims) => Promise<T>): Promise<T> {
    const claims = this.#claims()
    return callMemory(this.#kernel, claims, operation, () => run(claims))
  }

  #claims(): ScopeClaims {
    this.#kernel.checkOpen()
    return readScope(this.#scope)
  }
}

/** Memory of one subject, or of a tenant as a whole: reaches that and nothing else. */
export class ScopedMemory extends ReadableMemory {
  readonly #kernel: Kernel
  readonly #scope: TenantScope

  constructor(kernel: Kernel, scope: TenantScope) {
    super(kernel, scope)
    this.#kernel = kernel
    this.#scope = scope
  }

  override get artifacts(): ScopedArtifacts {
    return new ScopedArtifacts(this.#kernel, this.#scope)
  }

  /** Values that this scope keeps for a while. */
  get cache(): ScopedCache {
    return new ScopedCache(this.#kernel, this.#scope)
  }

  /** Stores one memory. */
  async add(content: string, options: AddOptions & WriteOptions): Promise<StoredReceipt> {
    const claims = this.#claims()
    const keys = [...writeOptionKeys, ...addOptionKeys]
    const given = checkKeys<AddOptions & WriteOptions>(options, 'add options', keys)
    const { idempotencyKey, embed, madeFromMore, signal, ...rest } = given
    const [receipt] = await this.#write(claims, () => ({
      inputs: [checkAdd({ ...rest, content }, this.#kernel.limits, this.#now(), claims.session)],
      ...checkWrite({ idempotencyKey, embed, madeFromMore, signal }, writeOptionKeys),
    }))
    return receipt!
  }

  /** Stores memories in one commit: all of them or none. Receipts in their order. */
  async addMany(memories: readonly AddInput[], options: WriteOptions = {}): Promise<StoredReceipt[]> {
    const claims = this.#claims()
    const { limits } = this.#kernel
    const nowMs = this.#now()
    return this.#write(claims, () => ({
      inputs: checkArray(memories, 'memories', limits.batch).map((each) =>
        checkAdd(each, limits, nowMs, claims.session),
      ),
      ...checkWrite(options, writeOptionKeys),
    }))
  }

  /**
   * Stores turns of a talk as memories of kind `turn`, in order, in one commit. They are episodes: found like any memory, trusted no more than
   * `user`, and what upkeep's distiller keeps of them stays for good.
   */
  async addMessages(
    messages: readonly MessageInput[],
    options: WriteOptions & { readonly session: string },
  ): Promise<StoredReceipt[]> {
    const claims = this.#claims()
    const { session: given, ...write } = checkKeys<WriteOptions & { session: string }>(options, 'options', [
      ...writeOptionKeys,
      'session',
    ])
    return this.#write(claims, () => {
      const session = checkBound(checkId(given, 'session', 'ERR_INPUT_INVALID'), claims.session, 'session')
      const inputs = checkMessages(messages, this.#kernel.limits, this.#now(), session!)
      return { inputs, isTranscript: true, ...checkWrite(write, writeOptionKeys) }
    })
  }

  /**
   * Places of the texts of which a write would be refused whole (`ERR_CONTENT_REFUSED`), as the tenant's screening stands. Stores nothing; what is refused
   * is an event, as that of a write is.
   */
  async wouldRefuse(texts: readonly GateInput[]): Promise<readonly number[]> {
    return this.#call('create_memory', (claims) => wouldRefuse(this.#kernel, claims, texts))
  }

  /** Puts a new version in place, or returns null when there is no such memory in sight. The old one stays in the history. */
  async update(id: string, patch: MemoryPatch, options: UpdateOptions): Promise<StoredReceipt | null> {
    return this.#call('update_memory', (claims) => update(this.#kernel, claims, id, patch, options))
  }

  /**
   * Raises what a reviewed memory is trusted, by default to `agent`: the only way up. A new version of the same content, or null when there
   * is none in sight. Needs the right `endorse`.
   */
  async endorse(id: string, options: EndorseOptions = {}): Promise<StoredReceipt | null> {
    return this.#call('endorse_memory', (claims) => endorse(this.#kernel, claims, id, options))
  }

  /** Deletes one memory with every version. False when there was none in sight. */
  async delete(id: string): Promise<boolean> {
    return this.#call('delete_memory', (claims) => deleteOne(this.#kernel, claims, id))
  }

  /** Deletes memories. An empty filter throws. Does not bar the subject. */
  async deleteMany(filter: DeleteFilter): Promise<{ deleted: number }> {
    return this.#call('delete_memory', (claims) => deleteMany(this.#kernel, claims, filter))
  }

  /**
   * What `run` answers; it is called once. The same key with the same `asked` within a day gives the first answer, for the same principal
   * on the same scope, also to a call that comes meanwhile and after a restart; with another `asked` it throws
   * `ERR_IDEMPOTENCY_MISMATCH`. The answer is kept sealed under the subject's key, and goes when the subject is erased. Throws
   * `ERR_VERSION_CONFLICT` when the first call was broken off: whether it was done is then not known, and it is not done again. `options`: who
   * is given a kept answer, where that is not everybody of the same principal with the same powers.
   */
  async once(
    idempotencyKey: string,
    asked: string,
    run: () => Promise<string>,
    options: OnceOptions = {},
  ): Promise<string> {
    const key = checkId(idempotencyKey, 'idempotencyKey', 'ERR_INPUT_INVALID')
    return once(keptAnswerOf(this.#kernel, this.#claims(), key, asked, options), run)
  }

  #call<T>(operation: Operation, run: (claims: ScopeClaims) => Promise<T>): Promise<T> {
    const claims = this.#claims()
    return callMemory(this.#kernel, claims, operation, () => run(claims))
  }

  #claims(): ScopeClaims {
    this.#kernel.checkOpen()
    return readScope(this.#scope)
  }

  /** Nothing is waited for before the call begins: whoever closes the keep waits for it. */
  async #write(claims: ScopeClaims, check: () => Batch): Promise<StoredReceipt[]> {
    const kernel = this.#kernel
    const call = <T>(run: () => Promise<T>) => callMemory(kernel, claims, 'create_memory', run)
    let batch: Batch
    try {
      batch = check()
    } catch (error) {
      if (isDenial(error)) await call(() => noteDenied(kernel, claims, (access) => refuseWrite(kernel, access)))
      throw error
    }
    return call(() => addBatch(kernel, claims, batch))
  }

  #now(): number {
    return this.#kernel.seams.clock.now()
  }
}
