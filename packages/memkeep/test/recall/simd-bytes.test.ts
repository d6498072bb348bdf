import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { simdBytesModule } from '../../../../scripts/build-simd.ts'

test('the committed bytes of the kernel are what its readable source assembles to', async () => {
  const committed = await readFile(new URL('../../src/recall/simd-bytes.ts', import.meta.url), 'utf8')
  expect(await simdBytesModule()).toBe(committed)
})
