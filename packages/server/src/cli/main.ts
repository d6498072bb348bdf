import { MemkeepError } from 'memkeep'
import { demo } from './demo/demo.ts'

const usage = `memkeep: memory for AI agents, kept behind walls

  memkeep demo [--data DIR]    two tenants, four people, five attacks; DIR defaults to .memkeep/demo
`

/** Runs one command line. Returns the exit code: 0 done, 1 refused or failed, 2 bad usage. */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  try {
    if (command === 'demo') return await demo(rest)
    if (command === 'help' || command === '--help') {
      process.stdout.write(usage)
      return 0
    }
    process.stderr.write(usage)
    return 2
  } catch (error) {
    if (isUsageError(error)) {
      process.stderr.write(`memkeep: ${(error as Error).message}\n`)
      return 2
    }
    if (!(error instanceof MemkeepError)) throw error
    process.stderr.write(`memkeep: ${error.message} (${error.code})\n`)
    return 1
  }
}

function isUsageError(error: unknown): boolean {
  return String((error as { code?: unknown } | null)?.code).startsWith('ERR_PARSE_ARGS_')
}
