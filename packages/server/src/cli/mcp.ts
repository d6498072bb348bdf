import { parseArgs } from 'node:util'
import { placeOf } from '../open-keep.ts'
import { type Binding, serveMcp } from '../serve-mcp.ts'
import { version } from '../version.ts'
import { signalled } from './signalled.ts'

/**
 * `memkeep mcp`: the four tools over stdio for one scope, bound at start: `--tenant T --subject S`, or the API key in
 * MEMKEEP_API_KEY. Ends when the client goes. Returns 0, or 2 when not exactly one of the two is given.
 */
export async function mcp(args: readonly string[]): Promise<number> {
  const options = { tenant: { type: 'string' }, subject: { type: 'string' }, data: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const binding = bindingOf(values.tenant, values.subject, process.env.MEMKEEP_API_KEY)
  if (binding === null) {
    process.stderr.write('memkeep: mcp needs --tenant T --subject S, or an API key in MEMKEEP_API_KEY\n')
    return 2
  }
  const stop = signalled()
  const serving = await serveMcp({ place: placeOf(values.data, process.env), binding, version })
  for (const line of serving.says) process.stderr.write(`${line}\n`)
  await Promise.race([serving.ended, stop])
  await serving.close()
  return 0
}

/** What is said on the command line stands before the environment. */
function bindingOf(
  tenant: string | undefined,
  subject: string | undefined,
  apiKey: string | undefined,
): Binding | null {
  if (tenant !== undefined || subject !== undefined) return tenant && subject ? { tenant, subject } : null
  return apiKey ? { apiKey } : null
}
