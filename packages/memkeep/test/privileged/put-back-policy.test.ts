import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultPolicy, type Policy } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

// A database administrator without keys: he has every policy that ever stood, sealed, and may write the column.
let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const strict: Policy = { agent: { reads: [], writes: [], rights: [], actors: [] } }
const setPolicy = (policy: Policy | null) => store.privileged().tenants.setPolicy('acme', policy)
const [mine, put] = ['policy_version > 0', 'update memkeep.tenant set policy = $1 where policy_version > 0']
const standing = async () =>
  (await store.database.query<{ policy: Buffer }>(`select policy from memkeep.tenant where ${mine}`))[0]!.policy

/** How a process fares that comes new to the database. */
async function fresh() {
  const keep = await store.open()
  return codeOf(store.memory({}, keep).list())
}

test('an earlier policy put back under the newer version does not open, nor does the absence of any', async () => {
  await setPolicy(null)
  const none = await standing()
  expect(none).toBeInstanceOf(Buffer)
  expect(await fresh()).not.toMatch(/^ERR/)
  await setPolicy(defaultPolicy)
  const lax = await standing()
  expect(await fresh()).not.toMatch(/^ERR/)
  await setPolicy(strict)
  const strictBytes = await standing()
  expect(await fresh()).toBe('ERR_ACCESS_DENIED')
  for (const earlier of [none, lax, null]) {
    await store.database.query(put, [earlier])
    expect(await fresh()).toBe('ERR_SEAL_BROKEN')
  }
  await store.database.query(put, [strictBytes])
  expect(await fresh()).toBe('ERR_ACCESS_DENIED')
})
