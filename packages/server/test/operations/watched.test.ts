import { afterAll, beforeAll, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

let served: Served
beforeAll(async () => {
  served = await Served.start()
})
afterAll(() => served[Symbol.asyncDispose]())

const seriesIn = (text: string, series: string) => Number(new RegExp(`^${series} (\\S+)$`, 'm').exec(text)?.[1])

test('metrics count requests by route, refusals by code and attempts to name a scope, and name nobody', async () => {
  const key = await served.key('acme', 'subject-canary')
  const id = await served.add(key, 'a heron')
  await served.ask('GET', `/v1/memories/${id}`, { key })
  await served.ask('GET', '/v1/memories?tenant=globex', { key })
  await served.ask('GET', '/nowhere/at-all', { key })
  const { status, text, headers } = await served.ask('GET', '/metrics')
  expect([status, headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/plain/)])
  const got = 'memkeep_http_request_seconds_count\\{route="/v1/memories/\\{id\\}",method="GET",status="200"\\}'
  expect(seriesIn(text, got)).toBe(1)
  expect(seriesIn(text, 'memkeep_http_refusals_total\\{code="ERR_INPUT_INVALID"\\}')).toBe(1)
  expect(seriesIn(text, 'memkeep_scope_smuggling_total')).toBe(1)
  expect(seriesIn(text, 'memkeep_refused_scope_tokens\\{code="MK001"\\}')).toBe(0)
  expect(seriesIn(text, 'memkeep_shelves\\{what="shelves"\\}')).toBeGreaterThanOrEqual(0)
  expect(text).not.toMatch(/acme|subject-canary|heron|nowhere|mk_/)
  expect(text).not.toContain(id)
})

test('ready while a call could be served; asked often, the database is asked once a second', async () => {
  const calls = async () =>
    Number((await served.database.query<{ calls: string }>('select count(*) as calls from memkeep.event'))[0]!.calls)
  const before = await calls()
  const answers = await Promise.all(Array.from({ length: 20 }, () => served.ask('GET', '/readyz')))
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  // It leaves no event: whoever polls does not fill the ledger.
  expect(await calls()).toBe(before)
})

test.each<[string, (served: Served) => Promise<unknown>]>([
  ['its token keys are gone: upkeep has not run', (each) => each.database.query('delete from memkeep.token_key')],
  ['the keep is closed', (each) => each.keep.close()],
])('not ready when %s; alive all the same', async (_, spoil) => {
  const each = await Served.start()
  expect((await each.ask('GET', '/readyz')).status).toBe(200)
  await spoil(each)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const { status, body, headers } = await each.ask('GET', '/readyz')
  expect([status, headers['retry-after']]).toEqual([503, '1'])
  expect(body.code).toMatch(/^ERR_(STORE_UNAVAILABLE|CLOSED)$/)
  expect((await each.ask('GET', '/healthz')).status).toBe(200)
  await each[Symbol.asyncDispose]()
})
