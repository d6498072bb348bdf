import { execFile } from 'node:child_process'
import { linkSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryErasureLedger } from '../../src/erasure/drivers/directory-erasure-ledger.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mk-erasures-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

test('more lines than a process may have files open are read', async () => {
  const lines = 600
  for (let place = 1; place <= lines; place++) {
    writeFileSync(join(dir, `${String(place).padStart(10, '0')}.json`), `line ${place}\n`)
  }
  const driver = fileURLToPath(new URL('../../src/erasure/drivers/directory-erasure-ledger.ts', import.meta.url))
  const program = `
    import { directoryErasureLedger } from ${JSON.stringify(pathToFileURL(driver).href)}
    const lines = await directoryErasureLedger({ dir: ${JSON.stringify(dir)} }).read()
    console.log(lines.length, lines.at(-1).trim())`
  const words = [`ulimit -n 200; exec "$0" --disable-warning=ExperimentalWarning --input-type=module -e "$1"`]
  const { stdout } = await promisify(execFile)('/bin/bash', ['-c', ...words, process.execPath, program])
  expect(stdout).toBe(`${lines} line ${lines}\n`)
})

test('a draft that a killed process left goes with the next line that expires; a fresh one may be in use', async () => {
  const ledger = directoryErasureLedger({ dir })
  await ledger.put(1, 'whom\n')
  // Killed behind the placing: a second name of the line. Another before it.
  linkSync(join(dir, '0000000001.json'), join(dir, '.new-0000000000000001'))
  writeFileSync(join(dir, '.new-0000000000000002'), 'half')
  const longAgo = new Date(Date.now() - 2 * 3_600_000)
  for (const name of ['.new-0000000000000001', '.new-0000000000000002']) utimesSync(join(dir, name), longAgo, longAgo)
  writeFileSync(join(dir, '.new-0000000000000003'), 'fresh')
  await ledger.replace(1, 'a hash\n')
  expect(readdirSync(dir).sort()).toEqual(['.new-0000000000000003', '0000000001.json'])
  expect(await ledger.read()).toEqual(['a hash\n'])
})
