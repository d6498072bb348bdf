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

  /** These take the place of what was noted of the same logs. */
  async note(line: number, heads: ReadonlyMap<string, string>): Promise<void> {
    const records = new Map<string, Record<string, string>>()
    for (const [tag, text] of heads) {
      const name = `${prefix}${tag.slice(0, 2)}`
      records.set(name, { ...records.get(name), [tag]: text })
    }
    for (const [name, says] of records) {
      const before = await this.#read(name, line)
      const moved = Object.entries(says).some(([tag, text]) => before[tag] !== text)
      if (moved) await this.#wrapped.note(name, { line: String(line), ...before, ...says })
    }
  }

  async #read(name: string, of: number): Promise<Readonly<Record<string, string>>> {
    const { line, ...heads } = (await this.#wrapped.noteOf(name)) ?? {}
    return line === String(of) ? heads : {}
  }
}
