import { parseArgs, styleText } from 'node:util'
import type { FirstKey } from '../authn/first-run.ts'
import { type Place, placeOf } from '../open-keep.ts'
import { serve as open, type Serving } from '../serve.ts'
import { readConfig } from '../server-config.ts'
import { quoted } from './output.ts'
import { signalled } from './signalled.ts'

/** `memkeep serve`: HTTP until SIGINT or SIGTERM; requests under way finish. Returns 0, or 1 when the address cannot be had. */
export async function serve(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      host: { type: 'string' },
      port: { type: 'string' },
      data: { type: 'string' },
      config: { type: 'string' },
    },
  })
  const { port: portText } = values
  if ((portText !== undefined && !isPort(portText)) || values.host === '') {
    process.stderr.write('memkeep: --port is a number from 0 to 65535, --host an address\n')
    return 2
  }
  const config = readConfig({
    ...(values.config === undefined ? {} : { file: values.config }),
    env: process.env,
    flags: {
      ...(values.host === undefined ? {} : { '--host': { path: ['host'], value: values.host } }),
      ...(portText === undefined ? {} : { '--port': { path: ['port'], value: Number(portText) } }),
    },
  })
  const { host = '127.0.0.1', port = 8787 } = config
  const place = placeOf(values.data, process.env)
  const stop = signalled()
  process.stderr.write('opening the keep ...\n')
  let serving: Serving
  try {
    serving = await open({ place, config })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!isAddressFault(code)) throw error
    process.stderr.write(`memkeep: cannot listen on ${host}, port ${port} (${code}); try another ${wrongOf(code)}\n`)
    return 1
  }
  for (const line of serving.says) process.stderr.write(`${line}\n`)
  greet(serving, place)
  if (!/^(127\.|localhost$|::1$)/.test(host)) {
    process.stderr.write('this address is open to the network, without TLS: put a proxy with TLS before it\n')
  }
  await stop
  process.stderr.write('closing: requests under way finish ...\n')
  await serving.close()
  return 0
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535
}

function isAddressFault(code: string | undefined): boolean {
  return ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN'].includes(String(code))
}

/** What to change: a port that is taken, or that only root may have, else the host. */
function wrongOf(code: string | undefined): '--port' | '--host' {
  return code === 'EADDRINUSE' || code === 'EACCES' ? '--port' : '--host'
}

function greet({ url, firstKey }: Serving, place: Place): void {
  const bold = (text: string) => styleText('bold', text, { stream: process.stdout })
  const at = place.kind === 'embedded' ? ` --data ${quoted(place.dir)}` : ''
  const lines = [`${bold('Memkeep')} is listening on ${url}`, '']
  if (firstKey === null) {
    lines.push(
      'There are tenants here, so no API key was made. To make one (npx memkeep tenant list names the tenants):',
      '',
      `  npx memkeep key create --tenant TENANT --subject SUBJECT --role agent${at}`,
    )
  } else lines.push(...firstSteps(url, firstKey, at, bold))
  process.stdout.write(`\n${lines.join('\n')}\n\n`)
}

/** Lines that work when they are pasted into a shell. */
function firstSteps(url: string, { tenant, subject, key }: FirstKey, at: string, bold: (text: string) => string) {
  return [
    `Made the tenant ${bold(tenant)} and an API key for its subject ${bold(subject)}. The key is shown this once:`,
    '',
    `  ${bold(key)}`,
    '',
    'Try it in another terminal: add, search, list, get, delete',
    '',
    `  export MEMKEEP_API_KEY=${key}`,
    `  URL=${url}/v1/memories AUTH="Authorization: Bearer $MEMKEEP_API_KEY" JSON="Content-Type: application/json"`,
    '',
    `  curl -sS -H "$AUTH" -H "$JSON" $URL -d '{"content": "Prefers window seats", "actor": "user"}'; echo`,
    `  curl -sS -H "$AUTH" -H "$JSON" $URL/search -d '{"query": "which seats?"}'; echo`,
    '  curl -sS -H "$AUTH" $URL; echo',
    `  ID=$(curl -sS -H "$AUTH" $URL | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4)`,
    '  curl -sS -H "$AUTH" $URL/$ID; echo',
    `  curl -sS -H "$AUTH" $URL/$ID -X DELETE -w 'deleted, %{http_code}\\n'`,
    '',
    `MCP over HTTP, with the same key: ${url}/mcp`,
    '',
    'The same memories as an MCP server over stdio, as the key in MEMKEEP_API_KEY or as you say:',
    '',
    `  npx memkeep mcp${at}`,
    `  npx memkeep mcp${at} --tenant ${quoted(tenant)} --subject ${quoted(subject)}`,
  ]
}
