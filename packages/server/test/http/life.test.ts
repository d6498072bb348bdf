import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { holdWrites } from '../support/hold-writes.ts'
import { ask, Served } from '../support/served.ts'
import { onSources, ServingProcess } from '../support/serving-process.ts'

const run = promisify(execFile)
const processes: ServingProcess[] = []
const places: string[] = []

afterEach(async () => {
  for (const serving of processes.splice(0)) await serving.end('SIGTERM')
  for (const place of places.splice(0))
    await rm(place, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
})

async function place(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'mk-serve-'))
  places.push(dir)
  return dir
}

async function start(...args: string[]): Promise<ServingProcess> {
  const serving = await ServingProcess.start(...args)
  processes.push(serving)
  return serving
}

test('the first start prints a key once with lines that work in a shell; later ones how to make another', async () => {
  // A path that a shell would take apart.
  const dir = join(await place(), "it's mine; exit 3")
  const first = await start('--data', dir)
  const key = /^ {2}(mk_\S{43})$/m.exec(first.stdout)?.[1]
  expect(key).toBeTypeOf('string')
  const args = /^ {2}npx memkeep mcp (--data .+)$/m.exec(first.stdout)![1]
  expect((await run('sh', ['-c', `printf '%s\\n' ${args}`])).stdout).toBe(`--data\n${dir}\n`)
  for (const secret of ['has-keys', 'keys', 'keys/root.key', 'keys/store', 'db/secrets.json']) {
    expect([secret, (await stat(join(dir, secret))).mode & 0o077]).toEqual([secret, 0])
  }
  const lines = first.stdout.split('\n').filter((line) => /^ {2}(export|URL|curl|ID)/.test(line))
  const { stdout } = await run('sh', ['-c', lines.join('\n')])
  const answers = stdout.trim().split('\n')
  expect(answers).toHaveLength(5)
  const [added, found, listed, got] = answers.slice(0, 4).map((line) => JSON.parse(line))
  expect(found.memories[0]).toMatchObject({ id: added.id, content: 'Prefers window seats' })
  expect([listed.items[0].id, got.id]).toEqual([added.id, added.id])
  expect(answers[4]).toBe('deleted, 204')
  expect(first.stderr).not.toContain(key)
  const mcp = /^MCP over HTTP, with the same key: (\S+)$/m.exec(first.stdout)![1]!
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const accept = { accept: 'application/json, text/event-stream' }
  expect(
    (await ask(new URL(mcp).origin, 'POST', new URL(mcp).pathname, { key: key!, body: ping, headers: accept })).text,
  ).toContain('"result":{}')
  expect(await first.end('SIGTERM')).toBe(0)

  const second = await start('--data', dir)
  expect(second.stdout).not.toMatch(/mk_/)
  expect(second.stdout).toMatch(/memkeep key create --tenant TENANT --subject SUBJECT --role agent/)
  expect((await ask(second.url, 'GET', '/v1/memories', { key: key! })).status).toBe(200)
  const { port } = new URL(second.url)
  const taken = run(process.execPath, [...onSources, 'serve', '--data', dir, '--port', port])
  await expect(taken).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\(EADDRINUSE\); try another --port$/m),
  })
  const nowhere = run(process.execPath, [...onSources, 'serve', '--data', dir, '--host', '300.1.1.1', '--port', '0'])
  await expect(nowhere).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^memkeep: cannot listen on 300\.1\.1\.1, port 0 \(E\w+\); try another --host$/m),
  })
})

test.each([
  ['--port', 'x'],
  ['--port', '65536'],
  ['--port', '-1'],
  ['--host', ''],
])('serve %s %j is bad usage', async (...args) => {
  const refused = run(process.execPath, [...onSources, 'serve', `${args[0]}=${args[1]}`])
  await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--port') })
})

test('what was acknowledged is there after kill -9 under load', async () => {
  const dir = await place()
  const first = await start('--data', dir)
  const key = /^ {2}(mk_\S{43})$/m.exec(first.stdout)![1]!
  const acknowledged: string[] = []
  let sent = 0
  const client = async (): Promise<void> => {
    for (;;) {
      const body = { content: `note ${sent++}`, actor: 'user' }
      const answer = await ask(first.url, 'POST', '/v1/memories', { key, body }).catch(() => null)
      if (answer === null) return
      expect(answer.status).toBe(201)
      acknowledged.push(answer.body.id)
    }
  }
  const clients = Array.from({ length: 8 }, client)
  while (acknowledged.length < 40) await sleep(10)
  expect(await first.end('SIGKILL')).toBeNull()
  await Promise.all(clients)

  const second = await start('--data', dir)
  for (const id of acknowledged) {
    expect((await ask(second.url, 'GET', `/v1/memories/${id}`, { key })).status).toBe(200)
  }
  const items: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await ask(second.url, 'GET', `/v1/memories?limit=100${cursor && `&cursor=${cursor}`}`, { key })
    items.push(...body.items.map((each: { content: string }) => each.content))
    cursor = body.nextCursor
  }
  // Nothing came twice, and at most what was under way came without an answer.
  expect(new Set(items).size).toBe(items.length)
  expect(items.length - acknowledged.length).toBeLessThanOrEqual(8)
})

test('closing lets requests under way finish, and takes no more', async () => {
  const served = await Served.start()
  const key = await served.key('acme', 'ana')
  await served.add(key, 'a first note')
  const { release, held } = await holdWrites(served)
  const underWay = served.ask('POST', '/v1/memories', { key, body: { content: 'late', actor: 'user' } })
  await held
  let closed = false
  const closing = served.closeDoor().then(() => {
    closed = true
  })
  await sleep(100)
  expect(closed).toBe(false)
  await expect(served.ask('GET', '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await release()
  const answer = await underWay
  expect([answer.status, answer.headers.connection]).toEqual([201, 'close'])
  await closing
  await served[Symbol.asyncDispose]()
})

test('a process that is told to end answers what is under way, and leaves no session, no lock and no half-done call', async () => {
  const served = await Served.start()
  const key = await served.key('acme', 'ana')
  await served.add(key, 'a first note')
  const serving = await ServingProcess.startIn({ ...served.environment, PGAPPNAME: 'ends' })
  processes.push(serving)
  // This process has sessions of its own there, which come and go.
  const sessions = async () =>
    (
      await served.database.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = current_database() and application_name = 'ends'",
      )
    ).map(({ pid }) => pid)
  const asking = { key, headers: { 'idempotency-key': 'once' }, body: { content: 'late', actor: 'user' } }
  const { release, held } = await holdWrites(served)
  const underWay = ask(serving.url, 'POST', '/v1/memories', asking)
  await held
  const theirs = await sessions()
  expect(theirs.length).toBeGreaterThan(1)
  const ended = serving.end('SIGTERM')
  while (!serving.stderr.includes('closing')) await sleep(10)
  await release()
  const answer = await underWay
  expect(answer.status).toBe(201)
  expect(await ended).toBe(0)
  // The server's own end of a session that was left comes a moment later.
  while ((await sessions()).length > 0) await sleep(10)
  expect(await served.database.query('select from pg_locks where pid = any($1)', [theirs])).toEqual([])
  const again = await served.ask('POST', '/v1/memories', asking)
  expect([again.status, again.body.id]).toEqual([201, answer.body.id])
  await served[Symbol.asyncDispose]()
})

test('a client that goes away in the middle leaves the server as it was', async () => {
  const served = await Served.start()
  const key = await served.key('acme', 'ana')
  const { hostname, port } = new URL(served.url)
  const head = `POST /v1/memories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n`
  const whole = JSON.stringify({ content: 'sent whole', actor: 'user' }).padEnd(90)
  for (const bytes of [head.slice(0, 20), head, `${head}{"content":`, head + whole]) {
    for (let time = 0; time < 5; time++) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), time * 3))
        })
        socket.on('close', () => resolve())
      })
    }
  }
  await sleep(300)
  expect(await served.add(key, 'still there')).toBeTypeOf('string')
  const { body } = await served.ask('GET', '/v1/memories', { key })
  const contents = body.items.map((each: { content: string }) => each.content)
  expect(contents.filter((each: string) => each !== 'sent whole')).toEqual(['still there'])
  expect(served.lines.filter(({ status }) => status >= 500)).toEqual([])
  await served[Symbol.asyncDispose]()
})

test('a database that takes no connection is 503 with a time to come back, and then all is well', async () => {
  const served = await Served.start()
  const key = await served.key('acme', 'ana')
  await served.add(key, 'a note')
  await served.database.query(`alter database ${served.database.name} connection limit 0`)
  await served.database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${served.database.name}' and usename = 'memkeep_app'`,
  )
  const answer = await served.ask('GET', '/v1/memories', { key })
  expect([answer.status, answer.body.code]).toEqual([503, 'ERR_STORE_UNAVAILABLE'])
  expect(answer.headers['retry-after']).toBe('1')
  expect(answer.text).not.toContain(served.database.name)
  expect((await served.ask('GET', '/healthz')).status).toBe(200)
  await served.database.query(`alter database ${served.database.name} connection limit -1`)
  expect((await served.ask('GET', '/v1/memories', { key })).status).toBe(200)
  await served[Symbol.asyncDispose]()
})
