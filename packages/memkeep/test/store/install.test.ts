import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, loginPasswords, type TestDatabase } from '../../../../test/database.ts'
import { install } from '../../src/store/install.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

test('a second installation changes nothing', async () => {
  expect(await install(database.admin, loginPasswords)).toBe(false)
})
