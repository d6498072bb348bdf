import { mcp } from '../../src/cli/mcp.ts'
import { serve } from '../../src/cli/serve.ts'

/** One command of the server in a process of its own, on the sources: `run-command.ts serve --port 0`. */
const [command, ...rest] = process.argv.slice(2)
process.exitCode = command === 'mcp' ? await mcp(rest) : await serve(rest)
