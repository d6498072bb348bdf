import { writeFileSync } from 'node:fs'
import { zstdCompressSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { coldBytes } from '../../../memkeep/src/proof/cold-file.ts'
import { fileOf, vkey } from '../../../memkeep/test/proof/sample-cold-file.ts'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
afterAll(() => scratch.remove())
const file = scratch.path('1-40-300.ndjson.zst')

test('a cold file is checked offline, against a key or its own word, and refused after any change', async () => {
  const lines = await fileOf(40, 300)
  const whole = zstdCompressSync(coldBytes(lines))
  writeFileSync(file, whole)
  const good = await memkeep(['verify', file, '--key', vkey, '--json'])
  expect(good).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(good.out)).toMatchObject({ from: 40, to: 300, size: 400, events: 174, keyGiven: true })
  expect(await memkeep(['verify', file])).toMatchObject({
    code: 0,
    out: expect.stringContaining('consistent, key not pinned: events 40 to 299 of '),
    err: expect.stringContaining('--key K'),
  })
  const refused = { code: 1, out: '', err: expect.stringContaining('ERR_PROOF_INVALID') }
  const other = `${vkey.slice(0, -4)}AAA=`
  expect(await memkeep(['verify', file, '--key', other])).toMatchObject(refused)
  const packed = (of: readonly string[]) => zstdCompressSync(coldBytes(of))
  const torn = zstdCompressSync(coldBytes(lines).subarray(0, -1))
  const skippable = Buffer.from('502a4d1806000000736563726574', 'hex')
  const hidden = [Buffer.from('x'), skippable]
  const spoilt = [
    ...hidden.map((bytes) => Buffer.concat([whole, bytes])),
    packed(lines.slice(0, -1)),
    packed([...lines, lines[1]!]),
    torn,
    whole.subarray(0, -9),
  ]
  for (const [i, bytes] of spoilt.entries()) {
    writeFileSync(file, bytes)
    expect(await memkeep(['verify', file, '--key', vkey]), `${i}`).toMatchObject(refused)
  }
})
