import { parseArgs } from 'node:util'

/** The command line is not one that the command takes. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a command takes beside `--data DIR`, which all take. */
export interface Takes {
  /** Options with a value, by name. */
  readonly values?: readonly string[]
  readonly flags?: readonly string[]
  /** What must stand there without an option's name, in order. */
  readonly words?: readonly string[]
  /** The last word may be several. */
  readonly isOpen?: boolean
}

/** One command line, read. */
export class Arguments {
  readonly words: readonly string[]
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>, words: readonly string[]) {
    this.#values = values
    this.words = words
  }

  value(name: string): string | undefined {
    return this.#values[name] as string | undefined
  }

  required(name: string): string {
    const value = this.value(name)
    if (value === undefined) throw new UsageError(`--${name} is missing`)
    return value
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  /** WHO: one subject, or (null) the tenant as a whole. Always said, never a default. */
  who(): string | null {
    const subject = this.value('subject')
    if ((subject !== undefined) === this.flag('whole-tenant')) {
      throw new UsageError('say whom: exactly one of --subject S and --whole-tenant')
    }
    return subject ?? null
  }

  /** A whole number, or undefined; which ones are in bounds is the kernel's affair. */
  number(name: string): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (!/^\d{1,15}$/.test(value)) throw new UsageError(`--${name} takes a whole number`)
    return Number(value)
  }
}

/**
 * Reads a command line. Throws `UsageError` for an option that is unknown, repeated or without its value, and for a word too
 * many or too few.
 */
export function readArguments(
  args: readonly string[],
  { values = [], flags = [], words = [], isOpen = false }: Takes,
): Arguments {
  const options = Object.fromEntries([
    ...['data', ...values].map((name) => [name, { type: 'string', ...shortOf(name) }] as const),
    ...flags.map((name) => [name, { type: 'boolean' }] as const),
  ])
  const parsed = parsedOrRefused(() =>
    parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true }),
  )
  const found = parsed.values as Readonly<Record<string, unknown>>
  const named = parsed.tokens.filter((token) => token.kind === 'option').map(({ name }) => name)
  for (const name of named) {
    if (named.indexOf(name) !== named.lastIndexOf(name)) throw new UsageError(`--${name} is given more than once`)
    if (found[name] === '') throw new UsageError(`--${name} is empty`)
  }
  if (parsed.positionals.length < words.length) throw new UsageError(`${words[parsed.positionals.length]} is missing`)
  if (!isOpen && parsed.positionals.length > words.length) throw new UsageError('there is a word too many')
  const empty = parsed.positionals.indexOf('')
  if (empty >= 0) throw new UsageError(`${words[empty] ?? words.at(-1)} is empty`)
  return new Arguments(found, parsed.positionals)
}

function shortOf(name: string): { short: string } | object {
  return name === 'output' ? { short: 'o' } : {}
}

function parsedOrRefused<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_PARSE_ARGS_') !== true) throw error
    throw new UsageError(message)
  }
}
