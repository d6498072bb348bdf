import { MemkeepError } from 'memkeep'
import { version } from '../version.ts'
import { UsageError } from './arguments.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { tidyEnvironment } from './environment.ts'
import { OutputClosed, print, progress, shown } from './output.ts'
import { overview, usageOf } from './usage.ts'

/** Runs one command line. Returns the exit code: 0 done, 1 refused or failed, 2 bad usage. Never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  const [first, second] = args
  try {
    refuseGarbled(args)
    for (const name of tidyEnvironment(process.env))
      progress(`memkeep: ${shown(name)} is no setting, and says nothing here`)
    if (first === 'help' || first === '--help' || first === '-h') return await help(args.slice(1))
    if (first === '--version' && args.length === 1) return await printVersion()
    const command = find(args)
    if (command === undefined) return unknown(args)
    const rest = args.slice(command.name.split(' ').length)
    if (asksForHelp(rest)) return await help([first!, second!])
    return await run(command, rest)
  } catch (error) {
    return tell(error)
  }
}

/** Node puts U+FFFD in the place of bytes that are not UTF-8: what was meant is lost, so nothing may be done with it. */
function refuseGarbled(args: readonly string[]): void {
  if (args.some((arg) => arg.includes('\ufffd'))) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'an argument is not UTF-8, or holds the character U+FFFD')
  }
}

async function run(command: Command, args: readonly string[]): Promise<number> {
  try {
    return await command.run(args)
  } catch (error) {
    if (!isUsageError(error)) throw error
    progress(`memkeep: ${shown((error as Error).message)}`)
    process.stderr.write(usageOf(command))
    return 2
  }
}

async function help(words: readonly string[]): Promise<number> {
  const command = find(words)
  const listed = similar(words[0])
  if (command === undefined && words.length > 0 && listed === commands) return unknown(words)
  await print(command === undefined ? overview(listed) : usageOf(command))
  return 0
}

/** Lists the commands that begin with a word, or (no word) all; any other word is said to be none. */
function unknown([first, second]: readonly string[]): number {
  const listed = similar(first)
  const begins = listed !== commands
  if (first === undefined || (begins && second === undefined)) process.stderr.write(overview(listed))
  else {
    const [words, help] = begins ? [`${first} ${second}`, `help ${first}`] : [first, 'help']
    progress(`memkeep: there is no command ${shown(words)}; memkeep ${help} lists them`)
  }
  return 2
}

async function printVersion(): Promise<number> {
  await print(`${version}\n`)
  return 0
}

/** A command of two words goes before one of its first alone. */
function find(words: readonly string[]): Command | undefined {
  const named = (count: number) => commands.find(({ name }) => name === words.slice(0, count).join(' '))
  return (words.length > 1 ? named(2) : undefined) ?? named(1)
}

/** The commands that begin with a word, or all. */
function similar(word: string | undefined): readonly Command[] {
  const found = commands.filter(({ name }) => name.startsWith(`${word} `))
  return found.length > 0 ? found : commands
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === '--help' || arg === '-h')
}

function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || codeOf(error).startsWith('ERR_PARSE_ARGS_')
}

/** Never a stack: a refusal is told in its words and code; a fault of this program by its name alone, unless asked for. */
function tell(error: unknown): number {
  if (error instanceof OutputClosed) return 1
  if (error instanceof MemkeepError) progress(`memkeep: ${shown(error.message)} (${error.code})`)
  else if (codeOf(error) === 'ERR_INVALID_URL') progress('memkeep: a database address in the environment is not a URL')
  else if (isSystemError(error)) progress(`memkeep: the system refused: ${error.syscall} failed with ${error.code}`)
  else progress(`memkeep: failed unexpectedly (${(error as Error | null)?.name}); MEMKEEP_DEBUG=1 shows where`)
  if (process.env.MEMKEEP_DEBUG === '1') console.error(error)
  return 1
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException | null)?.syscall === 'string'
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code)
}
