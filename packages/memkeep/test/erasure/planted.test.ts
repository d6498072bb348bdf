import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// Somebody owns the database and has no keys: rows of erasures that nobody asked for.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

interface Shelf {
  readonly tenant: Buffer
  readonly subject: Buffer
  readonly epoch: number
}

/** A subject with one memory, and its shelf. */
async function living(subject: string): Promise<Shelf> {
  const before = await store.database.query<Shelf>('select subject from memkeep.shelf')
  await store.memory({ subject }).add('alive', { actor: 'user' })
  const shelves = await store.database.query<Shelf>('select tenant, subject, epoch from memkeep.shelf')
  return shelves.find((shelf) => !before.some((each) => each.subject.equals(shelf.subject)))!
}

async function plant(row: Record<string, unknown>): Promise<string> {
  const id = randomUUID()
  const whole: Record<string, unknown> = {
    id,
    kind: 0,
    epoch: 1,
    state: 0,
    after: 0,
    reason: 0,
    asked_by: 2,
    principal: randomBytes(16),
    scope_commit: randomBytes(32),
    requested_ms: store.clock.now(),
    until_ms: 0,
    held_until_ms: 0,
    ...row,
  }
  const places = Object.keys(whole).map((_, at) => `$${at + 1}`)
  const text = `insert into memkeep.erasure (${Object.keys(whole)}) values (${places})`
  await store.database.query(text, Object.values(whole))
  return id
}

const forgetRow = (id: string) => store.database.query('delete from memkeep.erasure where id = $1', [id])

test('one that has ended, of an epoch that never was, leaves the key store as it is', async () => {
  const { tenant } = await living('gone')
  const id = await plant({ tenant, subject: randomBytes(16), epoch: 999_999_999, state: 1, done_ms: 0 })
  const { keyStore } = keysAt(store.keyDir)
  const before = await keyStore.list('guard/')
  expect(await codeOf(store.keep.runUpkeep())).toBe('ERR_SEAL_BROKEN')
  expect(await keyStore.list('guard/')).toEqual(before)
  await forgetRow(id)
  // Whoever is made afterwards outlives the replacement of keys that an erasure brings.
  await living('late')
  await finished(store, await store.keep.eraseSubject(adminOf('gone'), { reason: 'request' }))
  await using keep = await store.open()
  expect((await store.memory({ subject: 'late' }, keep).list()).items).toHaveLength(1)
}, 60_000)
