import { expect, test } from 'vitest'
import { placeOf } from '../src/open-keep.ts'
import { mainHere } from './cli/main-here.ts'

const whole = {
  MEMKEEP_ADMIN_DATABASE_URL: 'postgres://boss:secret@db.example/memkeep',
  MEMKEEP_DATABASE_URL: 'postgresql://memkeep_app:secret@%2Fvar%2Frun%2Fpostgresql/memkeep',
  MEMKEEP_UPKEEP_DATABASE_URL: 'postgresql://memkeep_upkeep:secret@/memkeep?host=/var/run/postgresql',
  MEMKEEP_KEYS: '/nowhere',
}
const names = ['MEMKEEP_ADMIN_DATABASE_URL', 'MEMKEEP_DATABASE_URL', 'MEMKEEP_UPKEEP_DATABASE_URL']

test('addresses are taken as they stand, those of sockets too', () => {
  expect(placeOf(undefined, whole)).toMatchObject({
    kind: 'server',
    appUrl: whole.MEMKEEP_DATABASE_URL,
    upkeepUrl: whole.MEMKEEP_UPKEEP_DATABASE_URL,
    adminUrl: whole.MEMKEEP_ADMIN_DATABASE_URL,
  })
})

const none = [
  'hunter2',
  'memkeep_app:hunter2@db.example/memkeep',
  'mysql://memkeep_app:hunter2@db.example/memkeep',
  'host=db.example user=memkeep_app password=hunter2',
  '/var/run/hunter2 memkeep',
  'postgres:memkeep_app:hunter2@db.example/memkeep',
  'postgres://memkeep_app:hunter2@db.example:port/memkeep',
  'postgres://memkeep_app:hunter2@[db.example/memkeep',
]

test.each(names)('%s that is no address of PostgreSQL is refused by its name, and not quoted', async (name) => {
  const refused = `memkeep: ${name} must be an address such as postgresql://user:password@host/database (ERR_INPUT_INVALID)\n`
  for (const value of none) {
    expect(await mainHere(['doctor'], { env: { ...whole, [name]: value } })).toEqual({ code: 1, out: '', err: refused })
  }
})

test('migrate names the one that is wrong, also where the administrator’s stands for the application’s', async () => {
  const env = { MEMKEEP_ADMIN_DATABASE_URL: 'hunter2', MEMKEEP_KEYS: '/nowhere' }
  expect(await mainHere(['migrate'], { env })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^memkeep: MEMKEEP_ADMIN_DATABASE_URL must be an address/),
  })
})

test('where --data says the place, nothing is asked of them', () => {
  expect(placeOf('/data', { MEMKEEP_DATABASE_URL: 'hunter2' })).toEqual({ kind: 'embedded', dir: '/data' })
})
