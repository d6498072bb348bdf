import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
afterAll(() => scratch.remove())
const data = scratch.data('keep')
const heads = join(data, '..', 'heads')
const on = (...args: string[]) => memkeep([...args, '--data', data], { env: { MEMKEEP_WITNESS: heads } })

test('doctor asks the witness, and says when the database was set back', { timeout: 120_000 }, async () => {
  expect(await on('tenant', 'create', 'acme')).toMatchObject({ code: 0 })
  expect(await on('upkeep', '--once')).toMatchObject({ code: 0 })
  const key = (await on('audit', 'key')).out.trim()
  expect(key).toMatch(/^memkeep\/log\/[0-9a-f]{32}\+[0-9a-f]{8}\+/)
  const before = await on('doctor', '--json')
  expect(before.out).not.toContain('witness-')
  // As if a later head had been seen: the last one, of another size.
  const last = readFileSync(heads, 'utf8').trimEnd().split('\n').at(-1)!
  appendFileSync(heads, `${last.replace(/\\n\d+\\n/, '\\n999\\n')}\n`)
  const after = await on('doctor', '--json')
  expect(after.code).toBe(1)
  expect(JSON.parse(after.out).findings).toContainEqual(
    expect.objectContaining({ on: 'witness', code: 'witness-set-back', fatal: true }),
  )
  expect((await on('tenant', 'list')).err).toContain('ERR_STORE_ROLLED_BACK')
  writeFileSync(heads, `${last}\n`)
  expect(await on('tenant', 'list')).toMatchObject({ code: 0 })
})
