import { LogReader, type LogRow } from '../audit/log-reader.ts'
import { treeHash } from '../audit/node-sha256.ts'
import { MemkeepError } from '../core/errors.ts'
import { sameBytes } from '../proof/byte-string.ts'
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../proof/checkpoint.ts'
import { isConsistent } from '../proof/consistency-proof.ts'
import { rootOfInclusion } from '../proof/inclusion-proof.ts'
import { proofInvalid } from '../proof/proof-invalid.ts'
import { parseNote } from '../proof/signed-note.ts'
import { callLog, type LogCaller } from './log-call.ts'

/** A log as the database says it stands. */
export interface StandingLog {
  readonly tenant: Buffer
  readonly line: number
  readonly size: number
  /** Its newest signed checkpoint. */
  readonly note: string
}

/**
 * Heads that were signed, remembered outside the database: by this process, and by the key store (`noted`). A log that does not go on
 * from them is not appended to, as nothing that the database says may become true by being signed.
 */
export class KnownHeads {
  readonly #caller: LogCaller
  /** The three lines of the checkpoint, by `nameOf`. */
  readonly #known = new Map<string, string>()

  constructor(caller: LogCaller) {
    this.#caller = caller
  }

  /**
   * The head of a log: signed by its key, of its size, of `root` where that was computed from the leaves, and of a log that goes on from the
   * head that is known. It is known from now on. Throws `ERR_STORE_UNSAFE`.
   */
  async check(log: StandingLog, root: Uint8Array | null = null): Promise<Checkpoint> {
    try {
      const { text } = parseNote(log.note)
      const head = parseCheckpoint(text)
      const known = this.#known.get(nameOf(log))
      if (text !== known) {
        const { noteKey } = await this.#caller.keyring.logKey(log.tenant, log.line)
        await openCheckpoint(log.note, noteKey)
        if (known !== undefined) await this.#expectGoesOn(log, parseCheckpoint(known), head)
      }
      if (head.size !== log.size) throw proofInvalid('it is of another size')
      if (root !== null && !sameBytes(head.root, root)) throw proofInvalid('it is not over these leaves')
      this.#known.set(nameOf(log), text)
      return head
    } catch (error) {
      throw asUnsafe(error)
    }
  }

  /** Throws `ERR_STORE_UNSAFE` when a head of a log is known that is said not to have begun. */
  checkNew(log: Pick<StandingLog, 'tenant' | 'line'>): void {
    if (this.#known.has(nameOf(log))) throw unsafe()
  }

  /** What was signed here, once it is committed. */
  add(log: Pick<StandingLog, 'tenant' | 'line' | 'note'>): void {
    this.#known.set(nameOf(log), parseNote(log.note).text)
  }

  /** Throws `ERR_STORE_UNSAFE` when a log of this line is known, and is not among these. */
  checkAll(line: number, logs: readonly Pick<StandingLog, 'tenant' | 'line'>[]): void {
    const standing = new Set(logs.map(nameOf))
    for (const name of this.#known.keys()) if (name.endsWith(`/${line}`) && !standing.has(name)) throw unsafe()
  }

  /** Learns what the key store remembers of the logs of this line: the larger head of each log counts. */
  async learn(line: number): Promise<void> {
    for (const [tenant, text] of await this.#caller.keyring.notedHeads(line)) {
      const known = this.#known.get(`${tenant}/${line}`)
      if (known !== undefined && parseCheckpoint(known).size >= parseCheckpoint(text).size) continue
      this.#known.set(`${tenant}/${line}`, text)
    }
  }

  /** The newest leaf of a log, held against its head as `check` does. Throws `ERR_STORE_UNSAFE`. */
  async lastLeaf(log: StandingLog): Promise<Buffer> {
    const { size, root } = await this.check(log)
    const reader = this.#reader(log)
    try {
      const [leaf] = await reader.entries(size - 1, size)
      if (!leaf?.entry) throw proofInvalid('its newest leaf is not in the database')
      const proof = await reader.tree().inclusion(size - 1)
      const found = rootOfInclusion(treeHash, size - 1, size, treeHash.leaf(leaf.entry), proof)
      if (found === null || !sameBytes(found, root)) throw proofInvalid('its newest leaf is another one')
      return leaf.entry
    } catch (error) {
      throw asUnsafe(error)
    }
  }

  #reader({ tenant, line, size }: StandingLog): LogReader {
    return new LogReader((args) => callLog<LogRow>(this.#caller, tenant, 'read_log', args), line, size)
  }

  async #expectGoesOn(log: StandingLog, older: Checkpoint, newer: Checkpoint): Promise<void> {
    if (newer.size < older.size) throw proofInvalid('it is shorter than it was')
    const proof = await this.#reader({ ...log, size: newer.size })
      .tree()
      .consistency(older.size, newer.size)
    if (!isConsistent(treeHash, older, newer, proof)) throw proofInvalid('it is another log')
  }
}

/** A part of the log that does not hold together is the database's doing. */
export function asUnsafe(error: unknown): unknown {
  return error instanceof MemkeepError && error.code === 'ERR_PROOF_INVALID' ? unsafe(error) : error
}

function unsafe(cause?: unknown): MemkeepError {
  return new MemkeepError('ERR_STORE_UNSAFE', 'a log is not what was signed: it was rewritten, cut or replaced', {
    cause,
  })
}

function nameOf({ tenant, line }: Pick<StandingLog, 'tenant' | 'line'>): string {
  return `${tenant.toString('hex')}/${line}`
}
