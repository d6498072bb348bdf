import { writeFileSync } from 'node:fs'
import { openLocal } from '@memkeep/embedded'
import { mintGrant, mintScope, mintTenantScope } from 'memkeep/trust'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
const data = scratch.data('keep')
const file = scratch.path('attestation.json')
let key: string
let attestation: string

beforeAll(async () => {
  // Nobody has held a key for longer than a second here, so nothing waits for longer.
  await using keep = await openLocal(data, { holdKeysMs: 1000 })
  const principal = { id: 'boss', roles: ['admin', 'agent'] }
  const grant = mintGrant({ principal, rights: ['tenants'], reason: 'a test', ttlSeconds: 60 })
  await keep.privileged(grant).tenants.create('acme')
  const scope = mintScope({ tenant: 'acme', subject: 'ana', principal })
  await keep.for(scope).add('window seats', { actor: 'user' })
  const report = await (await keep.eraseSubject(scope, { reason: 'request' })).done
  attestation = Buffer.from(report.attestation).toString('utf8')
  key = (await keep.for(mintTenantScope({ tenant: 'acme', principal })).audit.checkpoint())!.key
})
afterAll(() => scratch.remove())

test('an attestation is checked offline, against a key or its own word, and refused after any change', async () => {
  writeFileSync(file, attestation)
  const good = await memkeep(['verify', file, '--key', key])
  expect(good).toMatchObject({ code: 0, err: '' })
  expect(good.out).toMatch(/^good: erasure \S+ of a subject, barred /)
  expect(good.out).toContain('not covered: ')
  const unpinned = await memkeep(['verify', file])
  // Anybody can make one that agrees with itself: it is not called good, and whose word it is is said.
  expect(unpinned).toMatchObject({ code: 0, err: expect.stringContaining('--key K') })
  expect(unpinned.out).toMatch(/^consistent, key not pinned: erasure \S+ of a subject, barred /)
  expect(unpinned.out).toContain(`holds for whoever has the key ${key}\n`)
  expect(unpinned.out).not.toContain('good')
  expect(await memkeep(['verify', file, '--key', `${key.slice(0, -4)}AAA=`])).toMatchObject({ code: 1, out: '' })
  const { payload, ...rest } = JSON.parse(attestation) as { payload: string }
  const says = Buffer.from(payload, 'base64').toString('utf8')
  const changed = says.replace('"kind":"subject"', '"kind":"tenant"')
  expect(changed).not.toBe(says)
  writeFileSync(file, JSON.stringify({ payload: Buffer.from(changed).toString('base64'), ...rest }))
  expect(await memkeep(['verify', file])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('ERR_PROOF_INVALID'),
  })
  writeFileSync(file, attestation.slice(0, -2))
  expect(await memkeep(['verify', file])).toMatchObject({ code: 1, out: '' })
})

test('a proof is not checked without a key', async () => {
  writeFileSync(file, 'c2sp.org/tlog-proof@v1\n')
  expect(await memkeep(['verify', file])).toMatchObject({ code: 2, err: expect.stringContaining('--key') })
})
