import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sayOtherBuild } from '../../../../test/database.ts'
import type { KeyProvider } from '../../src/keys/key-provider.ts'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// What is left when everything was done keeps an erasure open, and is named: here the steps before have a hole each.

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
  const memory = store.memory()
  const { id } = await memory.add('ana likes tea', { actor: 'user' })
  await memory.update(id, { content: 'ana likes coffee' }, { actor: 'user' })
})
afterEach(() => store[Symbol.asyncDispose]())

async function expectOpen(what: string): Promise<void> {
  const why = expect.stringContaining(what)
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(finished(store, erasure)).rejects.toMatchObject({ code: 'ERR_ERASURE_INCOMPLETE', message: why })
  const view = await store.keep.privileged(grantOf('erase')).erasures.show(erasure.id)
  expect(view).toMatchObject({ state: 'open', report: null })
  expect(view!.steps.find(({ step }) => step === 'verify')!.notes).toMatchObject({ why })
}

test('rows that the deletion leaves, twice', async () => {
  const file = new URL('../../src/store/sql/doorways/delete-scope.sql', import.meta.url)
  const text = readFileSync(file, 'utf8')
  const wall = 'delete from memkeep.memory_version v where'
  expect(text).toContain(wall)
  await sayOtherBuild(store.database)
  await store.database.query(text.replace(wall, `${wall} false and`))
  await expectOpen('rows are left in memory_version')
})

test('rows that the erasing role does not see', async () => {
  await sayOtherBuild(store.database)
  await store.database.query('alter policy erase_read on memkeep.memory_version using (false)')
  await expectOpen('two counts of memory_version differ')
})

test('a root key that answers on after it was said to be destroyed', async () => {
  const place = keysAt(store.keyDir)
  const { keys } = place
  const lying: KeyProvider = {
    get id() {
      return keys.id
    },
    wrap: (key, context) => keys.wrap(key, context),
    unwrap: (wrapped, context, id) => keys.unwrap(wrapped, context, id),
    renew: () => keys.renew!(),
    destroy: async () => new Date(0),
  }
  const keep = await store.open({ keys: lying })
  const erasure = await keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  const message = expect.stringContaining('a root key that was to be destroyed still answers')
  await expect(finished(store, erasure)).rejects.toMatchObject({ code: 'ERR_ERASURE_INCOMPLETE', message })
})
