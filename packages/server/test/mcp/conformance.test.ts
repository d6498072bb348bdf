import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

/** The protocol's own scenarios, of those the ones that ask nothing of a server's domain. */
const scenarios = ['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection']

let served: Served
let credentialed: Server
const dir = mkdtempSync(join(tmpdir(), 'mk-conformance-'))

/** The suite has no option for a credential: this adds one, and hands all else on as it came. */
function adding(key: string, { hostname, port }: URL): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    const sent = { ...headers, authorization: `Bearer ${key}` }
    const call = request({ hostname, port, method, path, headers: sent }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    call.on('error', () => outgoing.destroy())
    incoming.pipe(call)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

beforeAll(async () => {
  served = await Served.start()
  credentialed = await adding(await served.key('acme', 'ana'), new URL(served.url))
})
afterAll(async () => {
  credentialed.closeAllConnections()
  credentialed.close()
  await served[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

test.each(scenarios)('%s', async (scenario) => {
  const suite = new URL('../../../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url)
    .pathname
  const url = `http://127.0.0.1:${(credentialed.address() as AddressInfo).port}/mcp`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [suite, 'server', '--url', url, '--scenario', scenario, '-o', dir],
    { cwd: dir },
  )
  expect(stdout).toMatch(/[1-9]\d*\/\d+ passed|Passed: [1-9]/)
  expect(stdout).toMatch(/0 failed|Failed: 0/)
})
