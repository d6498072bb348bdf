import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayMs } from '../../../memkeep/test/support/hand-clock.ts'
import { TestKeep } from '../../../memkeep/test/support/test-keep.ts'
import { importFile } from '../../src/import/import-file.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const target = { tenant: 'acme', subject: 'later', session: null }
const file = Buffer.from(
  [
    { content: 'a note', actor: 'user' },
    { content: 'a secret', actor: 'user', sensitivity: 'sensitive' },
    { role: 'system', content: 'a turn' },
    { role: 'user', content: 'ok' },
    { role: 'user', content: 'ok' },
  ]
    .map((line) => JSON.stringify(line))
    .join('\n'),
)
const memory = () => store.memory({ subject: 'later', roles: ['admin'] })
const size = async () => (await memory().list({ limit: 100 })).items.length

test('a week later the same file adds nothing, and what is missing of it comes back', async () => {
  expect(await importFile(store.keep, file, target)).toMatchObject({ imported: 5, already: 0 })
  store.clock.advance(7 * dayMs)
  // Another process, with nothing in its caches.
  const keep = await store.open()
  expect(await importFile(keep, file, target)).toMatchObject({ imported: 0, already: 5 })
  expect(await size()).toBe(5)

  const [one] = (await memory().list({ kinds: ['turn'] })).items
  await memory().update(one!.id, { content: 'corrected' }, { actor: 'user' })
  store.clock.advance(7 * dayMs)
  expect(await importFile(keep, file, target)).toMatchObject({ imported: 0, already: 5 })
  await memory().delete(one!.id)
  expect(await importFile(keep, file, target)).toMatchObject({ imported: 1, already: 4 })
  expect(await size()).toBe(5)
})

test('of imports at the same time one stores it', async () => {
  const keeps = [store.keep, await store.open(), await store.open()]
  const together = { ...target, subject: 'together' }
  // Each looks before any has stored.
  await Promise.all(keeps.map((keep) => importFile(keep, file, together)))
  const { items } = await store.memory({ subject: 'together', roles: ['admin'] }).list({ limit: 100 })
  expect(items).toHaveLength(5)
})
