import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Served } from '../support/served.ts'
import { mainHere } from './main-here.ts'

let served: Served
beforeAll(async () => {
  served = await Served.start()
  await served.add(await served.key('acme', 'ana'), 'a note of hers')
  for (const [name, value] of Object.entries(served.environment)) vi.stubEnv(name, value)
  vi.stubEnv('MEMKEEP_SUPPORT_SECOND_PERSON', '1')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await served[Symbol.asyncDispose]()
})

const on = (name: string, ...args: string[]) => mainHere(['support', ...args, '--tenant', 'acme', '--name', name])

test('support access by name and reason, agreed to by another, used and ended', async () => {
  const made = await on('eve', 'request', '--subject', 'ana', '--reason', 'ticket 1', '--minutes', '5', '--json')
  const { id, state } = JSON.parse(made.out) as { id: string; state: string }
  expect([made.code, state]).toEqual([0, 'waiting'])
  expect(await on('eve', 'read', id)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('ERR_ACCESS_DENIED'),
  })
  expect(await on('eve', 'approve', id, '--reason', 'mine')).toMatchObject({ code: 1, out: '' })
  expect(await on('frank', 'approve', id, '--reason', 'on the phone')).toMatchObject({ code: 0, out: 'agreed to\n' })
  const { out } = await on('eve', 'read', id, '--limit', '5')
  expect(JSON.parse(out)).toMatchObject({ items: [{ content: 'a note of hers' }], nextCursor: null })
  expect((await on('eve', 'list')).out).toMatch(/open .*operator\/eve: ticket 1 {2}agreed by operator\/frank/)
  expect(await on('frank', 'end', id, '--reason', 'done')).toMatchObject({ code: 0, out: 'ended\n' })
  expect(await on('frank', 'end', id, '--reason', 'done')).toMatchObject({ code: 1 })
  expect((await on('eve', 'read', id)).code).toBe(1)
})

test('a name, a reason and whom are always said', async () => {
  expect(await mainHere(['support', 'request', '--tenant', 'acme', '--subject', 'ana', '--reason', 'r'])).toMatchObject(
    { code: 2 },
  )
  expect(await on('eve', 'request', '--subject', 'ana')).toMatchObject({ code: 2 })
  expect(await on('eve', 'request', '--reason', 'r')).toMatchObject({ code: 2 })
  vi.stubEnv('MEMKEEP_SUPPORT_SECOND_PERSON', 'yes')
  const wrong = await on('eve', 'list')
  vi.stubEnv('MEMKEEP_SUPPORT_SECOND_PERSON', '1')
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('MEMKEEP_SUPPORT_SECOND_PERSON must be 0 or 1') })
})
