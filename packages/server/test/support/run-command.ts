import { MemkeepError } from 'memkeep'
import { mcp } from '../../src/cli/mcp.ts'
import { serve } from '../../src/cli/serve.ts'

/** One command of the server in a process of its own, on the sources: `run-command.ts serve --port 0`. */
const [command, ...rest] = process.argv.slice(2)
try {
  process.exitCode = command === 'mcp' ? await mcp(rest) : await serve(rest)
} catch (error) {
  if (!(error instanceof MemkeepError)) throw error
  process.stderr.write(`${error.message} (${error.code})\n`)
  process.exitCode = 1
}
