import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, Served } from '../support/served.ts'
import { ServingProcess } from '../support/serving-process.ts'

let served: Served

beforeAll(async () => {
  served = await Served.start({ freshMs: 0 })
})
afterAll(() => served[Symbol.asyncDispose]())

async function fill(subject: string, times: number, length: number): Promise<void> {
  const key = await served.key('acme', subject)
  for (let left = times; left > 0; left -= 200) {
    const memories = Array.from({ length: Math.min(left, 200) }, (_, at) => ({
      content: `${left} ${at}`.padEnd(length, '.'),
      actor: 'user',
    }))
    const { status } = await served.ask('POST', '/v1/memories/batch', { key, body: { memories } })
    expect(status).toBe(201)
  }
}

/** An export of which nothing is read behind its first bytes until `meanwhile` is done. */
function exported(key: string, meanwhile: () => Promise<unknown>): Promise<string> {
  const { hostname, port } = new URL(served.url)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname)
    socket.write(`GET /v1/export HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`)
    socket.once('data', () => {
      socket.pause()
      meanwhile().then(() => socket.resume(), reject)
    })
    socket.on('data', (data) => chunks.push(data)).on('error', () => {})
    socket.once('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}

test('an export ends where its key does: more than any buffer holds is not read to its end', async () => {
  await fill('ana', 400, 32_000)
  const { id, key } = await served.createKey('acme', 'ana', ['export'])
  const whole = await exported(key, async () => {})
  expect(whole).toContain('"type":"counts","memories":400')
  const before = served.lines.length
  const cut = await exported(key, () => served.revoke('acme', id))
  expect(cut).toMatch(/^HTTP\/1\.1 200 /)
  expect(cut).not.toContain('"type":"counts"')
  expect(served.lines.slice(before)).toMatchObject([
    { event: 'request', route: '/v1/export', status: 200 },
    { event: 'fault', route: '/v1/export', code: 'ERR_UNAUTHENTICATED' },
  ])
  expect(served.lines[before]!.id).toBe(served.lines[before + 1]!.id)
})

test('one that fails in the middle is cut off, and is a line of the log and a count; nothing else is on stderr', async () => {
  // Behind the first page, of 200.
  await fill('bea', 250, 20)
  const key = await served.key('acme', 'bea', ['export'])
  const [subject] = await served.database.query<{ subject: Buffer }>(
    'select subject from memkeep.memory group by subject having count(*) = 250',
  )
  await served.database.query(
    `update memkeep.memory set content = set_byte(content, 40, get_byte(content, 40) # 1)
     where id = (select id from memkeep.memory where subject = $1 order by id desc limit 1)`,
    [subject!.subject],
  )
  const serving = await ServingProcess.startIn(served.environment)
  const begun = serving.stderr.length
  try {
    await expect(ask(serving.url, 'GET', '/v1/export', { key })).rejects.toThrow(/aborted|hang up/)
    const metrics = await ask(serving.url, 'GET', '/metrics')
    expect(metrics.text).toContain('memkeep_http_refusals_total{code="ERR_SEAL_BROKEN"} 1')
  } finally {
    await serving.end('SIGTERM')
  }
  const [told] = serving.stderr.slice(begun).split('closing:') as [string]
  const lines = told
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toMatchObject([
    { event: 'request', route: '/v1/export', status: 200 },
    { event: 'fault', route: '/v1/export', code: 'ERR_SEAL_BROKEN', reason: expect.stringContaining('do not open') },
    { event: 'request', route: '/metrics' },
  ])
  expect(lines[1].id).toBe(lines[0].id)
})
