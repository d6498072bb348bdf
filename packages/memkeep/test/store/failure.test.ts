import { expect, test } from 'vitest'
import { MemkeepError } from '../../src/core/errors.ts'
import { isCommittedReplay, isConnectionLoss, isStoreFailure, storeFailure } from '../../src/store/failure.ts'

const driverError = (fields: object, message = 'quoted “secret” value'): Error =>
  Object.assign(new Error(message), fields)

test.each([
  [{ code: 'MK001' }, 'ERR_SCOPE_FORGED', false],
  [{ code: 'MK002' }, 'ERR_STORE_UNAVAILABLE', false],
  [{ code: 'MK003' }, 'ERR_STORE_UNAVAILABLE', true],
  [{ code: 'MK004' }, 'ERR_STORE_UNSAFE', false],
  [{ code: 'MK005' }, 'ERR_STORE_UNSAFE', false],
  [{ code: 'MK006' }, 'ERR_STORE_UNSAFE', false],
  [{ code: '57P01' }, 'ERR_STORE_UNAVAILABLE', true],
  [{ code: '08006' }, 'ERR_STORE_UNAVAILABLE', true],
  [{ code: 'ECONNREFUSED' }, 'ERR_STORE_UNAVAILABLE', true],
  [{ code: '53100' }, 'ERR_STORE_UNAVAILABLE', true],
  [{ code: '25006' }, 'ERR_STORE_UNAVAILABLE', true],
  [
    { code: '23514', where: 'SQL statement\nPL/pgSQL function memkeep.record(memkeep.claims,text)' },
    'ERR_AUDIT_UNAVAILABLE',
    false,
  ],
  [{ code: '42883' }, 'ERR_STORE_VERSION', false],
  [{ code: '3F000' }, 'ERR_STORE_VERSION', false],
  [{ code: '28P01' }, 'ERR_STORE_UNSAFE', false],
  [{ code: '28000' }, 'ERR_STORE_UNSAFE', false],
  [{ code: '42501' }, 'ERR_STORE_UNSAFE', false],
  [{ code: 'XX000' }, 'ERR_STORE_UNAVAILABLE', false],
])('%o is %s', (fields, code, retryable) => {
  const failure = storeFailure(driverError(fields))
  expect(failure).toBeInstanceOf(MemkeepError)
  expect(failure).toMatchObject({ code, retryable })
  expect(failure.message).not.toContain('secret')
})

test('an error of Memkeep passes unchanged', () => {
  const own = new MemkeepError('ERR_CLOSED', 'closed')
  expect(storeFailure(own)).toBe(own)
})

test('a lost connection is told from its code or, when the driver gives none, from its words', () => {
  expect(isConnectionLoss(driverError({}, 'Connection terminated unexpectedly'))).toBe(true)
  expect(isConnectionLoss(driverError({}, 'Connection terminated due to connection timeout'))).toBe(true)
  expect(isConnectionLoss(driverError({}, 'timeout exceeded when trying to connect'))).toBe(true)
  expect(isConnectionLoss(driverError({}, 'Query read timeout'))).toBe(true)
  expect(isConnectionLoss(driverError({}, 'Client has encountered a connection error and is not queryable'))).toBe(true)
  expect(isConnectionLoss(driverError({}, 'something else'))).toBe(false)
  expect(isConnectionLoss(driverError({ code: '23505' }))).toBe(false)
  expect(isConnectionLoss(undefined)).toBe(false)
})

test('only the ledger’s own key tells of a replay', () => {
  expect(isCommittedReplay(driverError({ code: '23505', constraint: 'event_write_15_pkey' }))).toBe(true)
  expect(isCommittedReplay(driverError({ code: '23505', constraint: 'memory_pkey' }))).toBe(true)
  expect(isCommittedReplay(driverError({ code: '23505', constraint: 'request_pkey' }))).toBe(false)
  expect(isCommittedReplay(driverError({ code: '23505', constraint: 'event_read_00_other_key' }))).toBe(false)
  expect(isCommittedReplay(driverError({ code: '23514', constraint: 'event_write_15_pkey' }))).toBe(false)
})

test('a fault of this program is not taken for one of the database', () => {
  expect(isStoreFailure(driverError({ code: '22P02' }))).toBe(true)
  expect(isStoreFailure(driverError({}, 'Connection terminated unexpectedly'))).toBe(true)
  expect(isStoreFailure(new TypeError('x is not a function'))).toBe(false)
  expect(isStoreFailure(driverError({ code: 'ERR_INVALID_ARG_TYPE' }))).toBe(false)
  expect(isStoreFailure(null)).toBe(false)
})
