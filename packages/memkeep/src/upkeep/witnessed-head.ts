import { LogReader, type LogRow } from '../audit/log-reader.ts'
import { treeHash } from '../audit/node-sha256.ts'
import { proveWitnessed, type WitnessedLog } from '../audit/prove-witnessed.ts'
import type { Witness } from '../audit/witness.ts'
import { signCheckpoint } from '../proof/checkpoint.ts'
import { callLog, type LogCaller } from './log-call.ts'

interface HeadRow {
  readonly line: number
  readonly note: string
}

/** Shows a witness the head of the deployment's log, which covers the heads of all tenants' logs. */
export class WitnessedHead {
  readonly #caller: LogCaller
  readonly #witness: Witness
  #size = 0

  constructor(caller: LogCaller, witness: Witness) {
    this.#caller = caller
    this.#witness = witness
  }

  /** Resolves when the witness agreed that the database goes on from all that it saw. Throws what `proveWitnessed` does. */
  async prove(): Promise<void> {
    const { size } = await proveWitnessed(this.#witness, await this.#log(), this.#size)
    this.#size = size
  }

  async #log(): Promise<WitnessedLog> {
    const { keyring } = this.#caller
    const tag = await keyring.deploymentLogTag()
    const key = await keyring.logKey(tag, 1)
    const empty = () => signCheckpoint({ size: 0, root: treeHash.empty() }, key.noteKey, key)
    return {
      head: async () => {
        const rows = await callLog<HeadRow>(this.#caller, tag, 'read_head', [])
        const note = rows.find(({ line }) => line === 1)?.note
        return note === undefined || note === '' ? empty() : note
      },
      consistency: async (oldSize, newSize) => {
        const read = (args: readonly unknown[]) => callLog<LogRow>(this.#caller, tag, 'read_log', args)
        return newSize === 0 ? [] : new LogReader(read, 1, newSize).tree().consistency(oldSize, newSize)
      },
    }
  }
}
