import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { hmacPads, tokenWindow, tokenWindowBounds } from '../../src/store/token.ts'
import { installTokenKeys, verifyingKeys } from '../../src/store/token-keys.ts'
import { withClient } from '../store/private-server.ts'
import { codeOf } from '../support/code-of.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.drop())

const minute = 60_000
let id = 0

/** What a stolen upkeep login can do: a key of its own, for a time of its choice. */
const install = (fromMs: number, untilMs: number) =>
  codeOf(
    withClient(database.upkeep, (client) =>
      installTokenKeys(client, [{ id: ++id, ...hmacPads(randomBytes(32)), fromMs, untilMs }]),
    ),
  )
const installed = async () => (await database.query('select from memkeep.token_key')).length

test('the keys that upkeep brings are taken', async () => {
  const keys = await verifyingKeys(async () => randomBytes(32))
  await withClient(database.upkeep, (client) => installTokenKeys(client, keys))
  expect(await installed()).toBe(keys.length)
})

test('a token key that would be good for longer, or begins too far ahead, is refused', async () => {
  const before = await installed()
  const now = Date.now()
  const { fromMs } = tokenWindowBounds(tokenWindow(now))
  for (const [from, until] of [
    [fromMs, fromMs + 80 * minute + 1],
    [now, now + 365 * 24 * 60 * minute],
    [now, Number.MAX_SAFE_INTEGER],
    [now, now],
    [now + minute, now],
    [now + 26 * 60 * minute + minute, now + 27 * 60 * minute],
  ] as const) {
    expect(await install(from, until), `${from} ${until}`).toBe('ERR_STORE_UNSAFE')
  }
  expect(await installed()).toBe(before)
  expect(await install(fromMs, fromMs + 80 * minute)).not.toBe('ERR_STORE_UNSAFE')
  expect(await install(now + 26 * 60 * minute - minute, now + 27 * 60 * minute)).not.toBe('ERR_STORE_UNSAFE')
  expect(await installed()).toBe(before + 2)
})
