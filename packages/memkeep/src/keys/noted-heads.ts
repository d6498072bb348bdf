import { parseCheckpoint } from '../proof/checkpoint.ts'
import type { WrappedKeys } from './wrapped-keys.ts'

const prefix = 'guard/heads/'

/**
 * What the key store remembers of the heads of logs: a record for each first byte of the tags, so that few are large and few are
 * written. Each names its line, and is as good as empty for another one.
 */
export class NotedHeads {
  readonly #wrapped: Pick<WrappedKeys, 'list' | 'note' | 'noteOf'>

  constructor(wrapped: Pick<WrappedKeys, 'list' | 'note' | 'noteOf'>) {
    this.#wrapped = wrapped
  }

  /** The lines that a checkpoint signs, by the tag of whose log it is, in hex. */
  async of(line: number): Promise<Map<string, string>> {
    const noted = new Map<string, string>()
    for (const name of await this.#wrapped.list(prefix)) {
      for (const [tag, text] of Object.entries(await this.#read(name, line))) noted.set(tag, text)
    }
    return noted
  }

  /**
   * Of each log the larger head stays, whichever process brings it last; of a line that is over nothing is noted. Two who write one record in
   * the same moment may leave what one of them brought: the next tick brings the other again.
   */
  async note(line: number, heads: ReadonlyMap<string, string>): Promise<void> {
    const records = new Map<string, Record<string, string>>()
    for (const [tag, text] of heads) {
      const name = `${prefix}${tag.slice(0, 2)}`
      records.set(name, { ...records.get(name), [tag]: text })
    }
    for (const [name, says] of records) {
      const { line: stands, ...noted } = (await this.#wrapped.noteOf(name)) ?? {}
      if (Number(stands ?? 0) > line) continue
      const before = stands === String(line) ? noted : {}
      const moved = Object.entries(says).filter(([tag, text]) => sizeOf(text) > sizeOf(before[tag]))
      if (moved.length === 0) continue
      await this.#wrapped.note(name, { line: String(line), ...before, ...Object.fromEntries(moved) })
    }
  }

  async #read(name: string, of: number): Promise<Readonly<Record<string, string>>> {
    const { line, ...heads } = (await this.#wrapped.noteOf(name)) ?? {}
    return line === String(of) ? heads : {}
  }
}

/** -1 for no head. */
function sizeOf(text: string | undefined): number {
  return text === undefined ? -1 : parseCheckpoint(text).size
}
