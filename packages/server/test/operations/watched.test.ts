import { mintScope } from 'memkeep/trust'
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
  expect(seriesIn(text, 'memkeep_upkeep\\{what="unsignedLogs"\\}')).toBe(0)
  expect(seriesIn(text, 'memkeep_shelves\\{what="shelves"\\}')).toBeGreaterThanOrEqual(0)
  expect(text).not.toMatch(/acme|subject-canary|heron|nowhere|mk_/)
  expect(text).not.toContain(id)
})

test('metrics do not follow single writes', async () => {
  const key = await served.key('acme', 'ana')
  const bytes = async () => seriesIn((await served.ask('GET', '/metrics')).text, 'memkeep_shelves\\{what="bytes"\\}')
  const search = () => served.ask('POST', '/v1/memories/search', { key, body: { query: 'heron' } })
  await served.add(key, 'a heron')
  await search()
  const held = served.keep.metrics().shelves.bytes
  const before = await bytes()
  await served.add(key, 'a heron by the water '.repeat(100))
  await search()
  expect(served.keep.metrics().shelves.bytes).toBeGreaterThan(held)
  expect([before, await bytes()]).toEqual([2 ** 20, 2 ** 20])
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

/** Whoever asks within a second of another gets that one's answer. */
const aSecondLater = async (each: Served) => {
  await new Promise((resolve) => setTimeout(resolve, 1100))
  return each.ask('GET', '/readyz')
}

test.each<[string, RegExp, (served: Served) => Promise<unknown>]>([
  [
    'its token keys are gone: upkeep has not run',
    /^ERR_STORE_UNAVAILABLE database$/,
    (each) => each.database.query('delete from memkeep.token_key'),
  ],
  ['the keep is closed', /^ERR_CLOSED keep$/, (each) => each.keep.close()],
])('not ready when %s; alive all the same', async (_, says, spoil) => {
  const each = await Served.start()
  expect((await each.ask('GET', '/readyz')).status).toBe(200)
  await spoil(each)
  const { status, body, headers } = await aSecondLater(each)
  expect([status, headers['retry-after']]).toEqual([503, '1'])
  expect(`${body.code} ${body.detail}`).toMatch(says)
  expect((await each.ask('GET', '/healthz')).status).toBe(200)
  await each[Symbol.asyncDispose]()
})

test('not ready while events wait too long for the log; ready once they have their place; nobody is named', async () => {
  const key = await served.key('acme', 'subject-canary')
  const doorway = `function memkeep.sequence(${await argumentsOf('sequence')})`
  await served.database.query(`revoke execute on ${doorway} from memkeep_upkeep`)
  const events = 'from memkeep.event where id in (select id from memkeep.pending)'
  await served.add(key, 'a kingfisher')
  expect((await aSecondLater(served)).status).toBe(200)
  expect((await served.database.query(`select 1 ${events}`)).length).toBeGreaterThan(0)
  await served.database.query(`update memkeep.event set at_ms = at_ms - 61000 where id in (select id ${events})`)
  const { status, body, text } = await aSecondLater(served)
  expect([status, body.code]).toEqual([503, 'ERR_AUDIT_UNAVAILABLE'])
  expect(body.detail).toBe('upkeep')
  expect(text).not.toMatch(/acme|subject-canary|kingfisher/)
  await served.database.query(`grant execute on ${doorway} to memkeep_upkeep`)
  await served.keep.sequence()
  expect((await aSecondLater(served)).status).toBe(200)
})

test('not ready when the database was put back below it: it knows a line of the erasure ledger that is not there, or an earlier one', async () => {
  const each = await Served.start({ erasureLedger: true, holdKeysMs: 1000 })
  const scope = mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'dpo', roles: ['admin'] } })
  await (await each.keep.eraseSubject(scope, { reason: 'test' })).done
  // The guard puts what it has seen of the ledger into the database and the key store.
  await each.keep.checkRestored()
  expect((await each.ask('GET', '/readyz')).status).toBe(200)
  const known = await each.database.query<{ head: string }>('select head from memkeep.erasure_guard')
  expect(known.map(({ head }) => head)).toEqual([expect.stringMatching(/^(?!0{64})[0-9a-f]{64}$/)])
  for (const [head, says] of [
    ['f'.repeat(64), /^restore guard: .*lacks a line/],
    ['0'.repeat(64), /^restore guard: .*put back/],
  ] as const) {
    await each.database.query('update memkeep.erasure_guard set head = $1', [head])
    const { status, body } = await aSecondLater(each)
    expect([status, body.code]).toEqual([503, 'ERR_STORE_ROLLED_BACK'])
    expect(body.detail).toBe('restore guard')
    expect(each.lines.at(-1)!.reason).toMatch(says)
  }
  await each.database.query('update memkeep.erasure_guard set head = $1', [known[0]!.head])
  expect((await aSecondLater(each)).status).toBe(200)
  await each[Symbol.asyncDispose]()
})

async function argumentsOf(doorway: string): Promise<string> {
  const [row] = await served.database.query<{ of: string }>(
    "select pg_get_function_identity_arguments(oid) as of from pg_proc where proname = $1 and pronamespace = 'memkeep'::regnamespace",
    [doorway],
  )
  return row!.of
}
