import { join } from 'node:path'
import { fileWitness } from 'memkeep/witness/file'
import { afterAll, expect, test } from 'vitest'
import { SetBack } from '../../../memkeep/test/audit/set-back.ts'
import { mainHere as memkeep } from './main-here.ts'

const place = new SetBack()
afterAll(() => place[Symbol.asyncDispose]())
const heads = join(place.dir, 'witnessed')
const on = (...args: string[]) => memkeep([...args, '--data', place.dir], { env: { MEMKEEP_WITNESS: heads } })
const accept = (...args: string[]) => on('audit', 'accept-rollback', ...args)

test('a restore that is meant is accepted from the command line, and by nobody who did not look', {
  timeout: 240_000,
}, async () => {
  const witness = fileWitness({ path: heads })
  await place.createTenant('acme')
  await place.use(witness, 'before the copy')
  await place.copyTo('old')
  await place.use(witness, 'after the copy')
  await place.setBackTo('old')
  const refused = await on('tenant', 'list')
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('ERR_STORE_ROLLED_BACK') })
  const seen = /the witness saw (\d+) entries/.exec(refused.err)![1]!
  const who = ['--by', 'olga', '--reason', 'the disk died']
  expect(await accept(...who)).toMatchObject({ code: 2 })
  expect(await accept('--confirm', String(Number(seen) + 1), ...who)).toMatchObject({
    code: 1,
    err: expect.stringContaining(`is of ${seen} entries`),
  })
  const accepted = await accept('--confirm', seen, ...who, '--json')
  expect(accepted).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(accepted.out)).toMatchObject({ line: 2, givenUp: { size: Number(seen) }, witnessed: true })
  expect(await on('tenant', 'list')).toMatchObject({ code: 0, out: expect.stringContaining('acme') })
  expect((await on('audit', 'key')).out.trim()).toBe(JSON.parse(accepted.out).key)
  expect(await accept('--confirm', '1', ...who)).toMatchObject({
    code: 1,
    err: expect.stringContaining('not set back'),
  })
})
