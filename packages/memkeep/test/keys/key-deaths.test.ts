import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { ChildOrder } from './key-child.ts'
import { keyPlace } from './key-place.ts'
import { expectOpens, runChild } from './key-processes.ts'

const work = { tenants: ['acme'], subjects: ['ana'] }
/** generation, deployment tag, tenant tag, tenant key, subject key, token root, and two of the deployment itself */
const putsOfTheWork = 10

const deaths: Required<Pick<ChildOrder, 'dieAt'>>[] = [
  { dieAt: 'keys.tenant-created' },
  { dieAt: 'keys.subject-created' },
  ...Array.from({ length: putsOfTheWork }, (_, put) => put).flatMap((put) => [
    { dieAt: { put, when: 'before' as const } },
    { dieAt: { put, when: 'after' as const } },
  ]),
]

it.each(deaths)('killed at $dieAt, a retry completes the keys and keeps what was there', async ({ dieAt }) => {
  const place = keyPlace()
  const order = { directory: place.directory, ...work }
  const killed = await runChild({ ...order, dieAt })
  expect(killed.errors).toBe('')
  expect(killed.signal).toBe('SIGKILL')
  const left = new Map<string, Buffer>()
  for (const name of await place.store.list('')) left.set(name, (await place.store.get(name))!)

  const retried = await runChild(order)
  expect(retried.errors).toBe('')
  expect(retried.code).toBe(0)
  expect(retried.results.length).toBe(1)
  await expectOpens(place.openRing(), retried.results[0]!)
  for (const [name, record] of left) expect(await place.store.get(name), name).toEqual(record)
  expect((await place.store.list('')).length).toBe(putsOfTheWork)
})

it('the work makes exactly the records that it is killed at', async () => {
  const place = keyPlace()
  const beyond = { put: putsOfTheWork, when: 'before' as const }
  const end = await runChild({ directory: place.directory, ...work, dieAt: beyond })
  expect([end.code, end.signal, end.errors]).toEqual([0, null, ''])
})

const seed = Number(process.env.MEMKEEP_KEYS_SEED ?? Date.now() % 1_000_000)

it(`killed at any moment, nothing that was told of is lost (MEMKEEP_KEYS_SEED=${seed})`, async () => {
  const place = keyPlace()
  const random = mulberry32(seed)
  const told = []
  for (let round = 0; round < 8; round++) {
    const subjects = Array.from({ length: 5000 }, (_, n) => `subject-${round}-${n}`)
    const order = { directory: place.directory, tenants: ['acme'], subjects }
    const { results, signal, errors } = await runChild(order, random() * 200)
    expect(errors).toBe('')
    expect([signal, results.length > 0]).toEqual(['SIGKILL', true])
    told.push(...results)
  }
  const ring = place.openRing()
  for (const result of told) await expectOpens(ring, result)
  // Whatever record there is, told of or not, opens: none is half written.
  const keys = await ring.tenant('acme')
  for (const name of await place.store.list(`subject/${keys.tag.toString('hex')}/`)) {
    const [, , subject, epoch, version] = name.split('/')
    await keys.forOpening(Buffer.from(subject!, 'hex'), Number(epoch), Number(version))
  }
  const drafts = readdirSync(join(place.directory, 'store')).filter((name) => name.startsWith('.new-'))
  expect(drafts.length).toBeLessThanOrEqual(8)
})

function mulberry32(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
