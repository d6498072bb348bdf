import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../../..')

/** What the compiler says of the snippets: each line that must not compile stands under `@ts-expect-error`. */
function compile(project: string): string {
  try {
    execFileSync(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(import.meta.dirname, '../types', project),
    ])
    return ''
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout)
  }
}

test('what must not compile does not, and what must does', () => {
  expect(compile('tsconfig.json')).toBe('')
})
