import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Right } from '../../src/core/rights.ts'
import type { Audit } from '../../src/index.ts'
import { type Grant, mintGrant } from '../../src/trust.ts'
import { verifyLedger, verifyProof } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, adminOfTenant, finished } from '../support/erasing.ts'
import { dayMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

// Whoever has the id of what was erased reads nothing of who had it before.

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
})
afterEach(() => store[Symbol.asyncDispose]())

const grant = (): Grant =>
  mintGrant({ principal: { id: 'inspector', roles: [] }, rights: ['ledger'], reason: 'an audit', ttlSeconds: 600 })
const former = () => store.keep.ledger(grant(), { tenant: 'acme' })
const rights: Right[] = ['audit', 'tenant']
const auditor = { principal: 'auditor', roles: [], rights }

async function exported(audit: Audit): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of audit.export()) files.set(path, bytes)
  return files
}

/** Ids of all events that a ledger lists, and those that name a memory. */
async function listed(audit: Audit, memory?: string): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page = await audit.list({
      limit: 100,
      ...(memory === undefined ? {} : { memory }),
      ...(cursor === null ? {} : { cursor }),
    })
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor !== null)
  return ids
}

/** Lets the time of the last erasure's record be over. */
async function forgotten(): Promise<void> {
  store.clock.advance(36 * dayMs)
  await store.keep.runUpkeep()
  await store.keep.runUpkeep()
}

test.each([
  ['a tenant that was reopened', async () => store.privileged().tenants.reopen('acme')],
  [
    'a tenant that was made anew when its erasure was forgotten',
    async () => {
      await forgotten()
      await store.createTenant('acme')
    },
  ],
])('%s reads its own life alone, and a grant the former', { timeout: 60_000 }, async (_, beginAnew) => {
  const { id: old } = await store.memory().add('of the first', { actor: 'user' })
  await store.common({ roles: ['admin'] }).add('common to the first', { actor: 'user' })
  await store.keep.sequence()
  const before = await listed(store.wide(auditor).audit)
  const commonBefore = await listed(store.common(auditor).audit)
  const { key, checkpoint } = (await store.wide(auditor).audit.checkpoint())!
  await finished(store, await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' }))
  await beginAnew()
  const { id: written } = await store.memory().add('of the second', { actor: 'user' })
  await store.common({ roles: ['admin'] }).add('common to the second', { actor: 'user' })
  await store.keep.sequence()
  const { audit } = store.wide(auditor)
  const common = store.common(auditor).audit
  expect(await listed(audit, old)).toEqual([])
  const [event] = await listed(audit, written)
  const seen = await listed(audit)
  expect(seen.filter((id) => before.includes(id))).toEqual([])
  expect((await listed(common)).length).toBeGreaterThan(0)
  expect((await listed(common)).filter((id) => commonBefore.includes(id))).toEqual([])
  const [read] = before
  expect(await audit.proof(read!)).toBeNull()
  expect(await audit.opening(read!)).toBeNull()
  await verifyProof((await audit.proof(event!))!.file, key)
  // Its log goes on from the former, and is whole or nothing.
  expect(await codeOf(exported(audit))).toBe('ERR_ACCESS_DENIED')
  await verifyLedger(bundleOf(await exported(former())), { key, heads: [checkpoint] })
  const shown = await listed(former())
  expect(shown).toEqual(expect.arrayContaining(before))
  expect(shown.filter((id) => seen.includes(id))).toEqual([])
  expect(await former().proof(event!)).toBeNull()
  await verifyProof((await former().proof(read!))!.file, key)
})

test.each([
  ['was reopened', { after: 'reopen' }, async () => {}],
  ['begins when its erasure was forgotten', {}, forgotten],
] as const)('a subject that %s sees nothing of who had its id', { timeout: 60_000 }, async (_, how, beginAnew) => {
  const { id: old } = await store.memory().add('of the first', { actor: 'user' })
  await store.memory().search('first')
  await store.keep.runUpkeep()
  const before = await listed(store.memory(auditor).audit)
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request', ...how }))
  await beginAnew()
  // Before it has a shelf, too.
  expect((await listed(store.memory(auditor).audit)).filter((id) => before.includes(id))).toEqual([])
  const { id: written } = await store.memory().add('of the second', { actor: 'user' })
  expect(await listed(store.memory(auditor).audit, old)).toEqual([])
  expect(await listed(store.memory(auditor).audit, written)).toHaveLength(1)
  // It is one tenant still: its auditors account for both.
  expect(await listed(store.wide(auditor).audit)).toEqual(expect.arrayContaining(before))
  await exported(store.wide(auditor).audit)
})

test('what is open already does not begin anew when it is asked for again', { timeout: 60_000 }, async () => {
  await finished(store, await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' }))
  await store.privileged().tenants.reopen('acme')
  const { id } = await store.memory().add('of the second', { actor: 'user' })
  await store.privileged().tenants.reopen('acme')
  expect(await listed(store.wide(auditor).audit, id)).toHaveLength(1)
})
