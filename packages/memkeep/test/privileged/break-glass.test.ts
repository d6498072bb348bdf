import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MemkeepError } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let ids: string[]
beforeAll(async () => {
  store = await TestKeep.start()
  ids = []
  for (const [content, sensitivity] of [
    ['a first note', 'private'],
    ['a sensitive note', 'sensitive'],
  ] as const) {
    ids.push((await store.memory().add(content, { actor: 'user', sensitivity })).id)
  }
  await store.memory({ subject: 'bob' }).add("a note of bob's", { actor: 'user' })
  await store.memory({ tenant: 'globex' }).add('foreign canary', { actor: 'user' })
})
afterAll(() => store?.[Symbol.asyncDispose]())

function support(
  who: string,
  reason = `ticket of ${who}`,
  keep = store.keep,
  rights: ['support' | 'tenants'] = ['support'],
) {
  return keep.privileged(mintGrant({ principal: { id: who, roles: [] }, rights, reason, ttlSeconds: 600 })).breakGlass
}

const readBy = async (who: string, tenant: string, id: string) =>
  (await support(who).read(tenant, id)).items.map(({ content }) => content)
const events = () =>
  store.database.query<{ n: number }>('select count(*)::int as n from memkeep.event').then(([row]) => row!.n)

describe('an access', () => {
  test('opens its subject to who asked, every label of it, and nobody else to anybody', async () => {
    const { id, state, expiresAt } = await support('eve').request({ tenant: 'acme', subject: 'ana', ttlSeconds: 600 })
    expect([state, expiresAt.getTime()]).toEqual(['open', store.clock.now() + 600_000])
    expect(await readBy('eve', 'acme', id)).toEqual(['a sensitive note', 'a first note'])
    const [one] = (await support('eve').read('acme', id, { memory: ids[0]! })).items
    expect(one).toMatchObject({ id: ids[0], content: 'a first note', subject: null })
    expect(await codeOf(readBy('mallory', 'acme', id))).toBe('ERR_ACCESS_DENIED')
  })

  test('of the tenant as a whole names each subject; pages follow one another', async () => {
    const { id } = await support('eve').request({ tenant: 'acme', subject: null })
    const first = await support('eve').read('acme', id, { limit: 2 })
    const rest = await support('eve').read('acme', id, { limit: 2, cursor: first.nextCursor! })
    expect([...first.items, ...rest.items].map(({ subject, content }) => [subject, content])).toEqual([
      ['bob', "a note of bob's"],
      ['ana', 'a sensitive note'],
      ['ana', 'a first note'],
    ])
    expect(rest.nextCursor).toBeNull()
  })

  test('is seen by the tenant: who, why, under which access, and each memory that was shown', async () => {
    const { id } = await support('eve', 'customer asked, ticket 7').request({ tenant: 'acme', subject: 'ana' })
    await support('eve', 'said at the time of reading').read('acme', id)
    await store.keep.sequence()
    const { items } = await store
      .wide({ roles: ['admin'] })
      .audit.list({ actions: ['support.request', 'support.read'], limit: 2 })
    expect(items.map(({ action }) => action).sort()).toEqual(['support.read', 'support.request'])
    const read = items.find(({ action }) => action === 'support.read')!
    expect(read).toMatchObject({ by: 'support', outcome: 'ok', intact: true, memories: [...ids].reverse() })
    expect(read).toMatchObject({ principal: { id: 'eve' }, reason: 'customer asked, ticket 7', support: id })
    // The subject's own auditor sees it too; another tenant does not.
    const own = await store.memory({ roles: ['admin'] }).audit.list({ actions: ['support.read'], limit: 1 })
    expect(own.items[0]!.id).toBe(read.id)
    const foreign = await store.wide({ tenant: 'globex', roles: ['admin'] }).audit.list({ actions: ['support.read'] })
    expect(foreign.items).toEqual([])
  })
})

describe('nothing is read, and the refusal stands in the ledger,', () => {
  test.each<[string, () => Promise<[tenant: string, id: string]>]>([
    [
      'under an access of another tenant',
      async () => ['globex', (await support('eve').request({ tenant: 'acme', subject: 'ana' })).id],
    ],
    ['under none', async () => ['acme', 'no such id']],
    [
      'under one that was ended',
      async () => {
        const { id } = await support('eve').request({ tenant: 'acme', subject: 'ana' })
        expect(await support('frank').end('acme', id)).toBe(true)
        expect(await support('frank').end('acme', id)).toBe(false)
        return ['acme', id]
      },
    ],
    [
      'under one whose time is over',
      async () => {
        const { id } = await support('eve').request({ tenant: 'acme', subject: 'ana', ttlSeconds: 3600 })
        store.clock.advance(hourMs - 1)
        expect(await readBy('eve', 'acme', id)).toHaveLength(2)
        store.clock.advance(1)
        expect((await support('eve').list('acme')).find((each) => each.id === id)?.state).toBe('ended')
        return ['acme', id]
      },
    ],
  ])('%s', async (_, prepare) => {
    const [tenant, id] = await prepare()
    const before = await events()
    expect(await codeOf(readBy('eve', tenant, id))).toBe('ERR_ACCESS_DENIED')
    expect(await events()).toBeGreaterThanOrEqual(before + 2)
    const [last] = await store.database.query(
      "select outcome, memories from memkeep.event where action = 'support.read' order by recorded_at desc limit 1",
    )
    expect(last).toEqual({ outcome: 'denied', memories: [] })
  })

  test('of a tenant that there is not: the refusal is that of one that there is', async () => {
    const refused = async (tenant: string) => {
      try {
        return await support('eve').read(tenant, '01890a5d-ac96-774b-bcce-b302099a8057')
      } catch (error) {
        const { code, message } = error as MemkeepError
        return { code, message }
      }
    }
    expect(await refused('nowhere')).toEqual(await refused('globex'))
  })

  test('without the right, and the ledger of the tenant that was named tells nothing of it', async () => {
    const { id } = await support('eve').request({ tenant: 'acme', subject: 'ana' })
    const without = support('eve', 'no right', store.keep, ['tenants'])
    for (const tenant of ['acme', 'nowhere']) {
      expect(await codeOf(without.read(tenant, id))).toBe('ERR_ACCESS_DENIED')
      expect(await codeOf(without.request({ tenant, subject: 'ana' }))).toBe('ERR_ACCESS_DENIED')
    }
  })

  test('where the event cannot be written', async () => {
    const { id } = await support('eve').request({ tenant: 'acme', subject: 'ana' })
    await store.database.query('revoke insert on memkeep.event from memkeep_door')
    const failed = await support('eve')
      .read('acme', id)
      .catch((error: Error) => error)
    await store.database.query('grant insert on memkeep.event to memkeep_door')
    expect(failed).toBeInstanceOf(Error)
    expect(String(failed)).not.toContain('note')
    expect(await readBy('eve', 'acme', id)).toHaveLength(2)
  })
})

test('with a second person configured nothing is read before another has agreed, whichever process took the request', async () => {
  const strict = await store.open({ supportNeedsSecond: true })
  const { id, state } = await support('eve', 'why', strict).request({ tenant: 'acme', subject: 'ana' })
  expect(state).toBe('waiting')
  for (const keep of [strict, store.keep]) {
    expect(await codeOf(support('eve', 'why', keep).read('acme', id))).toBe('ERR_ACCESS_DENIED')
  }
  expect(await codeOf(support('eve', 'myself', strict).approve('acme', id))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(readBy('eve', 'acme', id))).toBe('ERR_ACCESS_DENIED')
  expect(await support('frank', 'agreed on the phone', strict).approve('globex', id)).toBe(false)
  expect(await support('frank', 'agreed on the phone', strict).approve('acme', id)).toBe(true)
  expect(await codeOf(support('grace', 'too', strict).approve('acme', id))).toBe('ERR_VERSION_CONFLICT')
  const [listed] = await support('grace', 'a look', strict).list('acme')
  expect(listed).toMatchObject({
    id,
    state: 'open',
    on: 'subject',
    principal: 'eve',
    approvedBy: { principal: 'frank', reason: 'agreed on the phone' },
  })
  expect(await readBy('eve', 'acme', id)).toHaveLength(2)
  // Whoever agreed reads nothing by that.
  expect(await codeOf(support('frank', 'curious', strict).read('acme', id))).toBe('ERR_ACCESS_DENIED')
  // One that a process without the setting took is not used by one that has it.
  const loose = await support('eve').request({ tenant: 'acme', subject: 'ana' })
  expect(await codeOf(support('eve', 'why', strict).read('acme', loose.id))).toBe('ERR_ACCESS_DENIED')
})

test('bad input is refused', async () => {
  const eve = support('eve')
  const { id } = await eve.request({ tenant: 'acme', subject: 'ana' })
  for (const ttlSeconds of [0, -1, 86_401, 1.5, Number.NaN]) {
    expect(await codeOf(eve.request({ tenant: 'acme', subject: 'ana', ttlSeconds }))).toBe('ERR_INPUT_INVALID')
  }
  expect(await codeOf(eve.request({ tenant: 'acme', subject: '' }))).toBe('ERR_SCOPE_REQUIRED')
  expect(await codeOf(eve.request({ tenant: 'nowhere', subject: null }))).toBe('ERR_TENANT_UNKNOWN')
  for (const wrong of [{ limit: 101 }, { limit: 0 }, { cursor: '*' }, { memory: "' or 1=1" }]) {
    expect(await codeOf(eve.read('acme', id, wrong))).toBe('ERR_INPUT_INVALID')
  }
})

test('an erased subject is read under no access, and its accesses are gone', async () => {
  const memory = store.memory({ subject: 'carl' })
  await memory.add("a note of carl's", { actor: 'user' })
  const { id } = await support('eve').request({ tenant: 'acme', subject: 'carl' })
  expect(await readBy('eve', 'acme', id)).toEqual(["a note of carl's"])
  const report = await finished(store, await store.keep.eraseSubject(adminOf('carl'), { reason: 'test' }))
  expect(report.stores.find(({ name }) => name === 'support')).toEqual({ name: 'support', deleted: 1, remaining: 0 })
  expect(await codeOf(readBy('eve', 'acme', id))).toMatch(/^ERR_(ACCESS_DENIED|SCOPE_BARRED)$/)
  expect(await codeOf(support('eve').request({ tenant: 'acme', subject: 'carl' }))).toBe('ERR_SCOPE_BARRED')
})
