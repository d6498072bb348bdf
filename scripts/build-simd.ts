// Assembles packages/memkeep/src/recall/simd-dot-products.wat into the module that carries its bytes. To be run after a change
// of that file; a test fails while the two differ.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import assembler from 'wabt'

const source = new URL('../packages/memkeep/src/recall/simd-dot-products.wat', import.meta.url)
const target = new URL('../packages/memkeep/src/recall/simd-bytes.ts', import.meta.url)

/** What simd-bytes.ts has to be, formatted. */
export async function simdBytesModule(): Promise<string> {
  const { parseWat } = await assembler()
  const module = parseWat('simd-dot-products.wat', await readFile(source, 'utf8'), { simd: true })
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64')
  module.destroy()
  const lines = base64.match(/.{1,112}/g)!.map((line) => `    '${line}',\n`)
  return `/** What simd-dot-products.wat assembles to. Made by \`npm run build:simd\`; not for editing. */
export const simdBytes = Buffer.from(
  [
${lines.join('')}  ].join(''),
  'base64',
)
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(target, await simdBytesModule())
