import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { stopEmbedded } from '@memkeep/embedded'
import { expect, onTestFinished, test } from 'vitest'

// What a stranger pastes from the README, as it stands there.

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(MEMKEEP_|NODE_OPTIONS|VITEST)/.test(name)),
)

/** The first block of a language below a heading. */
function block(heading: string, language: string): string {
  const section = readme.split(/^## /m).find((each) => each.startsWith(`${heading}\n`))
  return section?.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? expect.fail(`the README has no ${heading}`)
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mk readme-'))
  onTestFinished(async () => {
    await stopEmbedded(join(dir, '.memkeep/db')).catch(() => {})
    rmSync(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
  })
  return dir
}

test('the library', { timeout: 300_000 }, async () => {
  const dir = directory()
  const code = block('As a library', 'ts').replace("'./.memkeep/try'", JSON.stringify(join(dir, '.memkeep')))
  expect(code).toContain(dir)
  const args = ['--conditions=memkeep-src', '--input-type=module', '--eval', code]
  const { stdout } = await run(process.execPath, args, { cwd: root, env })
  expect(stdout).toMatch(/^Ana prefers window seats on the morning ferry\.\nRecalled memories, quoted as data\./)
})

test('a transcript', { timeout: 300_000 }, async () => {
  const dir = directory()
  const bin = join(root, 'packages/memkeep/bin/memkeep.js')
  const npx = `npx() { shift; '${process.execPath}' --conditions=memkeep-src '${bin}' "$@"; }`
  const lines = block('With a transcript of yours', 'sh')
  const shell = await run('bash', ['-ec', `${npx}\n${lines}`], { cwd: dir, env: { ...env, MEMKEEP_EMBEDDER: 'none' } })
  const [made, imported, found, memory, counts, ...more] = shell.stdout.trimEnd().split('\n')
  expect(made).toBe('tenant garden created')
  expect(imported).toMatch(/^1 imported, 1 of them ends on /)
  expect(found).toMatch(/ {2}user {4}I grow black tomatoes on allotment 27\.$/)
  expect(JSON.parse(memory!)).toMatchObject({ content: 'I grow black tomatoes on allotment 27.', speaker: 'Maja' })
  expect(JSON.parse(counts!)).toEqual({ type: 'counts', memories: 1, versions: 0 })
  expect(more).toEqual([])
})
