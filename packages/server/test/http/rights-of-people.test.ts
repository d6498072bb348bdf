import { setTimeout as sleep } from 'node:timers/promises'
import { verifyProof } from 'memkeep/verify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

let served: Served
beforeAll(async () => {
  served = await Served.start({ holdKeysMs: 1000, freshMs: 0 })
})
afterAll(() => served[Symbol.asyncDispose]())

test('an erasure is asked for, followed and attested; the id is barred, and the credential went with it', async () => {
  const service = await served.key('acme', null, ['admin'])
  const first = (await served.ask('POST', '/v1/tokens', { key: service, body: { subject: 'ana' } })).body
    .token as string
  const id = await served.add(first, 'ana was here')
  const wrong = await served.ask('POST', '/v1/erasures', {
    key: first,
    body: { kind: 'tenant', reason: 'test', confirm: 'acme' },
  })
  expect([wrong.status, wrong.body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
  const begun = await served.ask('POST', '/v1/erasures', { key: first, body: { kind: 'subject', reason: 'test' } })
  expect([begun.status, begun.headers.location]).toEqual([202, `/v1/erasures/${begun.body.id}`])
  // Keys of an erased subject are erased with it, and none is made for it any more: who follows an erasure is of the tenant.
  let view = await served.ask('GET', begun.headers.location!, { key: service })
  for (let tries = 0; view.body.state !== 'done' && tries < 120; tries++) {
    await sleep(500)
    await served.keep.runUpkeep().catch(() => {})
    view = await served.ask('GET', begun.headers.location!, { key: service })
  }
  expect(view.body).toMatchObject({ id: begun.body.id, kind: 'subject', state: 'done', reason: 'test' })
  const attestation = await served.ask('GET', `${begun.headers.location}/attestation`, { key: service })
  await served.keep.runUpkeep()
  expect((await served.ask('GET', '/metrics')).text).toMatch(/^memkeep_open_erasures 0$/m)
  // As the erasure's own report has it: a signed envelope.
  expect([attestation.status, attestation.text]).toEqual([200, view.body.report.attestation])
  expect(attestation.body).toMatchObject({ payloadType: 'application/vnd.in-toto+json', signatures: [{}] })
  const again = await served.ask('POST', '/v1/tokens', { key: service, body: { subject: 'ana' } })
  expect([again.status, again.body.code]).toEqual([403, 'ERR_SCOPE_BARRED'])
  expect((await served.ask('GET', `/v1/memories/${id}`, { key: service })).status).toBe(404)
  expect((await served.ask('GET', '/v1/memories', { key: first })).status).toBe(401)
  for (const [tenant, subject] of [
    ['acme', 'bruno'],
    ['globex', null],
  ] as const) {
    const stranger = await served.ask('GET', begun.headers.location!, {
      key: await served.key(tenant, subject, ['admin']),
    })
    expect(stranger.status).toBe(404)
  }
})

test('the ledger tells what was done, its head is signed, and an event has its proof', async () => {
  const admin = await served.key('globex', 'ana', ['admin'])
  const id = await served.add(admin, 'a note')
  await served.ask('GET', '/v1/memories?tenant=acme', { key: admin })
  await served.keep.sequence()
  const events = await served.ask('GET', '/v1/audit?limit=10&actions=memory.add&actions=scope.smuggling', {
    key: admin,
  })
  expect(events.body.items.map(({ action, outcome }: never) => [action, outcome])).toEqual([
    ['scope.smuggling', 'denied'],
    ['memory.add', 'ok'],
  ])
  const added = events.body.items.at(-1)
  expect(added).toMatchObject({ memories: [id], by: 'principal' })
  const head = await served.ask('GET', '/v1/audit/checkpoint', { key: admin })
  expect(head.body.size).toBeGreaterThan(0)
  expect(head.body.checkpoint).toContain(head.body.origin)
  const proved = await served.ask('GET', `/v1/audit/${added.id}/proof`, { key: admin })
  expect(proved.status).toBe(200)
  const { file, vkey, entry } = proved.body as { file: string; vkey: string; entry: string }
  expect((await verifyProof(file, vkey)).leaf).toEqual(JSON.parse(entry))
  const opened = await served.ask('GET', `/v1/audit/${added.id}/opening`, { key: admin })
  expect(opened.status).toBe(200)
  const { details } = await verifyProof(file, vkey, { opening: opened.body.opening })
  expect(JSON.parse(Buffer.from(details![0]!).toString())).toMatchObject({ event: added.id, memories: [id] })
  const other = await served.key('acme', 'carla', ['admin'])
  for (const what of ['proof', 'opening']) {
    const [foreign, missing] = await Promise.all(
      [added.id, '00000000-0000-7000-8000-000000000000'].map((event) =>
        served.ask('GET', `/v1/audit/${event}/${what}`, { key: other }),
      ),
    )
    expect(foreign!.status).toBe(404)
    expect(foreign!.body).toEqual({ ...missing!.body, instance: foreign!.body.instance })
  }
})

test('an artifact is registered and goes with what it was made from', async () => {
  const key = await served.key('acme', 'dora')
  const id = await served.add(key, 'Dora likes the ferry')
  const body = { kind: 'summary', content: 'ferries', derivedFrom: [id] }
  const made = await served.ask('POST', '/v1/artifacts', { key, body })
  expect([made.status, made.body]).toEqual([
    201,
    { id: made.body.id, trust: 'user', sensitivity: 'private', shared: false },
  ])
  const list = async (who = key) => (await served.ask('GET', '/v1/artifacts', { key: who })).body.items
  expect(await list()).toMatchObject([{ id: made.body.id, content: 'ferries', derivedFrom: [id] }])
  expect(await list(await served.key('acme', 'emil'))).toEqual([])
  await served.ask('DELETE', `/v1/memories/${id}`, { key })
  expect(await list()).toEqual([])
})
