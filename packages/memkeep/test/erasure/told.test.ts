import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type KeyProvider, MemkeepError } from '../../src/index.ts'
import { mintGrant, mintTenantScope } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, adminOfTenant, finished } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { TestKeep } from '../support/test-keep.ts'

// Who is told what of an erasure: whoever looks at one is in the ledger, and a tenant is told nothing of the deployment's insides.

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
  await store.memory().add('x', { actor: 'user' })
})
afterEach(() => store[Symbol.asyncDispose]())

/** Looks at erasures that stand in the ledger, oldest first: each by whose tag. */
async function looks(): Promise<{ outcome: string; principal: string }[]> {
  return store.database.query<{ outcome: string; principal: string }>(
    `select outcome, encode(principal, 'hex') as principal from memkeep.event where action = 'erasure.list' order by recorded_at`,
  )
}

test('an operator’s look is an event of that operator, refused or not, and so is going on with one', async () => {
  const { id } = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  const by = (who: string, right: 'erase' | 'holds') =>
    store.keep.privileged(
      mintGrant({ principal: { id: who, roles: [] }, rights: [right], reason: 'a ticket', ttlSeconds: 600 }),
    ).erasures
  expect((await by('olga', 'erase').show(id))?.report?.salt).toMatch(/^[0-9a-f]{32}$/)
  await (await by('olga', 'erase').resume(id)).done
  expect(await codeOf(by('otto', 'holds').show(id))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(by('otto', 'holds').resume('no uuid'))).toBe('ERR_ACCESS_DENIED')
  expect(await by('otto', 'erase').show('00000000-0000-7000-8000-000000000000')).toBeNull()
  const found = await looks()
  expect(found.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'denied', 'denied', 'ok'])
  const tags = found.map(({ principal }) => principal)
  expect(new Set(tags.slice(0, 2)).size).toBe(1)
  expect(new Set(tags.slice(2)).size).toBe(1)
  expect(tags[0]).not.toBe(tags[2])
})

test('so is that of a tenant’s principal once the tenant is erased, also at an erasure of one of its subjects', async () => {
  const ofAna = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  const whole = await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' })
  const { id } = await finished(store, whole)
  const before = await looks()
  expect((await store.keep.for(adminOfTenant()).erasures.list()).map((view) => view.id)).toEqual([id])
  expect(await store.keep.for(adminOfTenant()).erasures.show(ofAna.id)).toMatchObject({ state: 'done' })
  const agent = mintTenantScope({ tenant: 'acme', principal: { id: 'svc', roles: ['agent'] } })
  expect(await codeOf(store.keep.for(agent).erasures.list())).toBe('ERR_ACCESS_DENIED')
  const found = (await looks()).slice(before.length)
  expect(found.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'denied'])
  expect(found[0]!.principal).toBe(found[1]!.principal)
  expect(found[0]!.principal).not.toBe(found[2]!.principal)
}, 60_000)

test('a report says whether there was an erasure ledger, without which a restore goes unnoticed', async () => {
  const says = async (on: TestKeep, subject: string) => {
    await on.memory({ subject }).add('x', { actor: 'user' })
    const erasure = await on.keep.eraseSubject(adminOf(subject), { reason: 'request' })
    return (await finished(on, erasure)).notCovered.filter(({ what }) => what.includes('no erasure ledger'))
  }
  expect(await says(store, 'ben')).toMatchObject([{ until: expect.stringMatching(/^\d{4}-/) }])
  await using guarded = await (async () => {
    let made: TestKeep | undefined
    made = await TestKeep.start({ erasureLedger: ledgerBeside(() => made) })
    return made
  })()
  expect(await says(guarded, 'ben')).toEqual([])
}, 60_000)

test('why a step fails is told by its code, where the words name files of the deployment', async () => {
  const { keys } = keysAt(store.keyDir)
  const file = join(store.keyDir, 'root.key')
  const renew = async () => {
    // As `localKeys` says it.
    throw new MemkeepError('ERR_KEY_UNAVAILABLE', `the root key ${file} is missing`)
  }
  const root: KeyProvider = { id: keys.id, wrap: keys.wrap, unwrap: keys.unwrap, destroy: keys.destroy!, renew }
  const keep = await store.open({ keys: root })
  const erasure = await keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  expect(await codeOf(finished(store, erasure))).toBe('ERR_KEY_UNAVAILABLE')
  const { steps } = (await keep.for(adminOf('ana')).erasures.show(erasure.id))!
  expect(steps.at(-1)).toMatchObject({ step: 'keys', endedAt: null, notes: { failed: 'ERR_KEY_UNAVAILABLE' } })
  expect(JSON.stringify(steps)).not.toContain(store.keyDir)
}, 60_000)
