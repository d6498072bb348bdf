import { fork } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

const idleClients = fileURLToPath(new URL('../support/idle-clients.ts', import.meta.url))
let served: Served
let key: string
const sockets: Socket[] = []

beforeAll(async () => {
  served = await Served.start()
  key = await served.key('acme', 'ana', ['admin'])
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  await served[Symbol.asyncDispose]()
})

function open(): Promise<Socket> {
  const { hostname, port } = new URL(served.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket))
    socket.on('error', reject)
    sockets.push(socket)
  })
}

const said = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = ''
    socket.on('data', (data) => {
      text += data
    })
    socket.on('close', () => resolve(text))
  })

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** MiB that are still referred to, buffers among them: what nobody keeps is collected first. */
const reachable = () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1024 / 1024
}

test('a body of 100 MB is 413 and is not kept', async () => {
  const socket = await open()
  const answer = said(socket)
  socket.write(
    `POST /v1/memories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  const chunk = `100000\r\n${'x'.repeat(1024 * 1024)}\r\n`
  const before = reachable()
  let [sent, most] = [0, 0]
  for (; sent < 100 && socket.readyState === 'open'; sent++) {
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), sleep(2000)])
    if (sent % 8 === 0) most = Math.max(most, reachable())
  }
  socket.destroySoon()
  expect(await answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(sent).toBeGreaterThan(16)
  expect(most - before).toBeLessThan(12)
  expect((await served.ask('GET', '/healthz')).status).toBe(200)
})

test('senders that never finish are cut off, and others are served meanwhile', async () => {
  const slow = await Promise.all(Array.from({ length: 200 }, open))
  const answers = slow.map(said)
  for (const socket of slow) socket.write('GET /v1/memories HTTP/1.1\r\nHost: x\r\nX-A: ')
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('a')
  }, 500)
  expect((await served.ask('GET', '/v1/memories', { key })).status).toBe(200)
  const texts = await Promise.all(answers)
  clearInterval(drip)
  expect(texts.every((text) => text === '' || /^HTTP\/1\.1 (408|400) /.test(text))).toBe(true)
  const ids = texts.flatMap((text) => /^x-request-id: (\S+)\r$/im.exec(text)?.[1] ?? [])
  expect(ids.length).toBe(texts.filter((text) => text !== '').length)
  expect(ids.every((id) => served.lines.some((line) => line.id === id))).toBe(true)
  expect((await served.ask('GET', '/v1/memories', { key })).status).toBe(200)
})

// MEMKEEP_TEST_CONNECTIONS=10000 makes it ten thousand; this process and the clients' each need some more descriptors than that (`ulimit -n 20000`).
test('thousands of connections that are kept and say nothing hold no other up', async () => {
  const count = Number(process.env.MEMKEEP_TEST_CONNECTIONS ?? 1000)
  const before = reachable()
  const clients = fork(idleClients, [new URL(served.url).port, String(count)])
  const told = () => new Promise<unknown>((resolve) => clients.once('message', resolve))
  expect(await told()).toBe(count)
  expect((await served.ask('GET', '/v1/memories', { key })).status).toBe(200)
  // 16 KiB for each that is only kept.
  expect(reachable() - before).toBeLessThan(8 + count / 64)
  const open = told()
  clients.send('how many')
  expect(await open).toBe(count)
  clients.kill()
})

test('an export that nobody reads is not read from the database either, and the others are served', async () => {
  for (let batch = 0; batch < 6; batch++) {
    const memories = Array.from({ length: 200 }, (_, number) => ({
      content: `${batch} ${number} `.padEnd(30_000, 'x'),
      actor: 'user',
    }))
    expect((await served.ask('POST', '/v1/memories/batch', { key, body: { memories } })).status).toBe(201)
  }
  const pages = async () =>
    (await served.database.query("select from memkeep.event where action = 'memory.export'")).length
  const before = await pages()
  const socket = await open()
  socket.pause()
  socket.write(`GET /v1/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`)
  await sleep(3000)
  const stalled = (await pages()) - before
  // Six pages of 6 MB; what fits into the buffers of two sockets is read, and no more.
  expect(stalled).toBeGreaterThan(0)
  expect(stalled).toBeLessThan(5)
  expect((await served.ask('GET', '/healthz')).status).toBe(200)
  const whole = said(socket)
  socket.resume()
  const text = await whole
  expect(text).toContain('{"type":"counts","memories":1200,"versions":0}')
  expect((await pages()) - before).toBeGreaterThan(5)
})

describe('an answer that lies unread', () => {
  let brief: Served
  let reader: string
  const pageBytes = 100 * 30_000

  beforeAll(async () => {
    brief = await Served.start({ unreadMs: 2000 })
    reader = await brief.key('acme', 'ana', ['admin'])
    const memories = Array.from({ length: 100 }, (_, number) => ({
      content: `${number} `.padEnd(30_000, 'x'),
      actor: 'user',
    }))
    expect((await brief.ask('POST', '/v1/memories/batch', { key: reader, body: { memories } })).status).toBe(201)
  })
  afterAll(() => brief[Symbol.asyncDispose]())

  const asking = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reader}\r\n\r\n`

  /** A connection that asks and reads nothing yet; `heard`: bytes of all that comes until it ends. */
  async function asked(text: string) {
    const { hostname, port } = new URL(brief.url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    socket.on('error', () => {})
    socket.pause()
    socket.write(text)
    let bytes = 0
    socket.on('data', (data) => {
      bytes += data.length
    })
    socket.pause()
    const heard = new Promise<number>((resolve) => socket.once('close', () => resolve(bytes)))
    return { socket, heard }
  }

  test.each(['/v1/memories?limit=100', '/v1/export'])(
    '%s is not kept for ever: its connection is ended',
    async (path) => {
      const before = brief.lines.length
      const { socket, heard } = await asked(asking(path).repeat(4))
      while (brief.lines.length === before) await sleep(50)
      // Until the server gets no further, and then for longer than it waits.
      for (let answered = 0; answered < brief.lines.length; ) {
        answered = brief.lines.length
        await sleep(8000)
      }
      socket.resume()
      expect(await heard).toBeLessThan(4 * pageBytes)
    },
  )

  test('read slowly it comes whole, however long that takes', async () => {
    const { socket, heard } = await asked(
      asking('/v1/memories?limit=100').repeat(3) +
        asking('/v1/memories?limit=100').replace('Host', 'Connection: close\r\nHost'),
    )
    const began = performance.now()
    while (!socket.destroyed) {
      socket.resume()
      await sleep(5)
      socket.pause()
      await sleep(100)
      if (performance.now() - began > 6000) break
    }
    socket.resume()
    expect(await heard).toBeGreaterThan(4 * pageBytes)
  })

  test('between two answers a connection is idle for as long as ever, and a request may take its time', async () => {
    const { socket } = await asked('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    let text = ''
    socket.on('data', (data) => {
      text += data
    })
    socket.resume()
    await sleep(4500)
    const body = JSON.stringify({ content: 'sent in two parts', actor: 'user' })
    socket.write(
      `POST /v1/memories HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${reader}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
    )
    await sleep(4500)
    socket.write(body.slice(9))
    while (!/HTTP\/1\.1 201 /.test(text) && !socket.destroyed) await sleep(20)
    expect(text).toMatch(/^HTTP\/1\.1 200 .*HTTP\/1\.1 201 /s)
  })
})
