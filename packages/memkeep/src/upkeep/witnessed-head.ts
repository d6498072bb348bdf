import { LogReader, type LogRow } from '../audit/log-reader.ts'
import { treeHash } from '../audit/node-sha256.ts'
import { proveWitnessed, rolledBack, type SeenHead, type WitnessedLog } from '../audit/prove-witnessed.ts'
import type { Witness } from '../audit/witness.ts'
import { MemkeepError } from '../core/errors.ts'
import type { LogKey } from '../keys/log-key.ts'
import { openCheckpoint, signCheckpoint } from '../proof/checkpoint.ts'
import { callLog, type LogCaller } from './log-call.ts'

interface HeadRow {
  readonly line: number
  readonly note: string
}

/** The deployment's log as the database has it. */
export interface DeploymentHead {
  /** The line that the key store knows of, or a later one of the database. */
  readonly line: number
  readonly key: LogKey
  /** Signed note; null when the database has no log of this line. */
  readonly note: string | null
}

/**
 * Reads the head of the deployment's log. Throws `ERR_STORE_UNSAFE` when the log's key did not sign what stands there as its head:
 * nothing that the database says of its log is believed, nor that it is in a later line.
 */
export async function deploymentHead(caller: LogCaller): Promise<DeploymentHead> {
  const { keyring } = caller
  const tag = await keyring.deploymentLogTag()
  const [newest] = (await callLog<HeadRow>(caller, tag, 'read_head', [])).filter(({ outcome }) => outcome === null)
  const line = Math.max(await keyring.logLine(), newest?.line ?? 1)
  const key = await keyring.logKey(tag, line)
  if (newest?.line !== line) return { line, key, note: null }
  try {
    await openCheckpoint(newest.note, key.noteKey)
  } catch (cause) {
    throw new MemkeepError('ERR_STORE_UNSAFE', "the head of the deployment's log is not signed by its key", { cause })
  }
  return { line, key, note: newest.note }
}

/** Throws `ERR_STORE_ROLLED_BACK` when the key store knows of a line of the logs that the database has not begun. */
export async function refuseFormerLine(caller: LogCaller): Promise<void> {
  if ((await caller.keyring.logLine()) === 1) return
  const { line, note } = await deploymentHead(caller)
  if (note === null) throw rolledBack(`line ${line} of its logs was begun, and it does not have it`)
}

/** Ticks of a minute: the key store is told once an hour. */
const storedEvery = 60

/** A witness under another key or at another place is another one, and has seen nothing. */
const idOf = (witness: Witness): string => witness.key ?? witness.name

/** Shows a witness the head of the deployment's log, which covers the heads of all tenants' logs. */
export class WitnessedHead {
  readonly #caller: LogCaller
  readonly #witness: Witness
  #noted = ''
  /** `stored`: the size that the key store knows of. */
  #seen: { readonly line: number; readonly size: number; readonly stored: number } | null = null

  constructor(caller: LogCaller, witness: Witness) {
    this.#caller = caller
    this.#witness = witness
  }

  /**
   * Resolves when the witness agreed that the database goes on from all that it saw. The key store knows that it saw something: without its
   * memory a witness is none. Throws what `proveWitnessed` does.
   */
  async prove(): Promise<SeenHead> {
    const { line, key, note } = await deploymentHead(this.#caller)
    if (note === null && line > 1) throw rolledBack(`line ${line} of its logs was begun, and it does not have it`)
    const { keyring } = this.#caller
    const first = this.#seen?.line !== line
    const { size: old, stored } = first ? await this.#stored(line, key) : this.#seen!
    const seen = await proveWitnessed(this.#witness, await this.#log(line, key), old)
    const { size } = seen
    const stores = size > stored && (first || stored === 0 || size >= stored + storedEvery)
    if (stores) await keyring.setWitnessedSize(idOf(this.#witness), key.origin, size)
    this.#seen = { line, size, stored: stores ? size : stored }
    return seen
  }

  async #stored(line: number, { origin }: LogKey) {
    const size = await this.#caller.keyring.witnessedSize(idOf(this.#witness), origin)
    return { line, size, stored: size }
  }

  /** As `prove`, by upkeep: what the witness signed stays beside the proofs that are held against that head. */
  async proveAndNote(): Promise<Pick<DeploymentHead, 'line'> & SeenHead> {
    const seen = await this.prove()
    const { line } = this.#seen!
    await this.#noteCosigned(line, seen)
    return { line, ...seen }
  }

  async #noteCosigned(line: number, { checkpoint, size, cosignatures }: SeenHead): Promise<void> {
    const { key } = this.#witness
    if (key === undefined || cosignatures === '' || checkpoint === this.#noted) return
    const { keyring } = this.#caller
    const { vkey } = await keyring.logKey(await keyring.deploymentLogTag(), line)
    const { tag } = await keyring.deployment()
    await callLog(this.#caller, tag, 'note_cosigned', [vkey, size, key, cosignatures])
    this.#noted = checkpoint
  }

  async #log(line: number, key: LogKey): Promise<WitnessedLog> {
    const tag = await this.#caller.keyring.deploymentLogTag()
    return {
      head: async () => {
        const { line: now, note } = await deploymentHead(this.#caller)
        if (note !== null && now === line) return note
        return signCheckpoint({ size: 0, root: treeHash.empty() }, key.noteKey, key)
      },
      consistency: async (oldSize, newSize) => {
        const read = (args: readonly unknown[]) => callLog<LogRow>(this.#caller, tag, 'read_log', args)
        return newSize === 0 ? [] : new LogReader(read, line, newSize).tree().consistency(oldSize, newSize)
      },
    }
  }
}
