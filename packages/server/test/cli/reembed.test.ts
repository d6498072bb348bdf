import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { embedded } from '@memkeep/embedded'
import { openMemkeep } from 'memkeep'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentScope } from '../../src/authn/operator.ts'
import { keysOf } from '../../src/open-keep.ts'
import { memkeep, scratchDirectory } from './deployment.ts'

// With the real model: what it makes of these texts is its own affair, that it was asked at all is ours.

const scratch = scratchDirectory()
const at = ['--data', scratch.data('keep')]
const withModel = { env: { MEMKEEP_EMBEDDER: '' } }
beforeAll(async () => {
  expect((await memkeep(['tenant', 'create', 'acme', ...at])).code).toBe(0)
})
afterAll(() => scratch.remove())

const importAs = (subject: string, texts: readonly string[]) =>
  memkeep(['import', '-', '--tenant', 'acme', '--subject', subject, ...at], {
    input: texts.map((content) => JSON.stringify({ content, actor: 'user' })).join('\n'),
  })
const reembed = (who: readonly string[]) => memkeep(['reembed', '--tenant', 'acme', ...who, '--json', ...at], withModel)
const search = (text: string, options = {}) =>
  memkeep(['search', text, '--tenant', 'acme', '--subject', 'ana', ...at], options)

test('what was stored by words alone is found by meaning after it, and it is said how it searches', async () => {
  const stored = await importAs('ana', [
    'She prefers the window on long flights',
    'Rent is due on Friday',
    'A dog called Bo',
  ])
  expect(stored).toMatchObject({ code: 0, err: expect.stringMatching(/by words alone \(MEMKEEP_EMBEDDER=none\)/) })
  const question = 'Which seat on an airplane?'
  expect((await search(question)).out).toBe('nothing found\n')
  const done = await reembed(['--whole-tenant'])
  expect(done.err).toMatch(/by meaning \(English, use-lite.*\n.*by their stems.*\n.* 3 embedded\n/)
  expect(JSON.parse(done.out)).toEqual({
    shelves: 1,
    entries: 3,
    reembedded: 3,
    left: 0,
    broken: [],
    refused: [],
    unnamed: 0,
  })
  expect((await search(question, withModel)).out.split('\n')[0]).toMatch(/prefers the window/)
  expect(JSON.parse((await reembed(['--subject', 'ana'])).out)).toMatchObject({ entries: 3, reembedded: 0 })
})

test('killed, it goes on where it was', async () => {
  await importAs(
    'ben',
    Array.from({ length: 400 }, (_, n) => `note ${n}`),
  )
  const bin = fileURLToPath(new URL('../../../memkeep/bin/memkeep.js', import.meta.url))
  const args = ['--conditions=memkeep-src', bin, 'reembed', '--tenant', 'acme', '--subject', 'ben', ...at]
  const child = spawn(process.execPath, args, { env: { ...process.env, MEMKEEP_EMBEDDER: 'use-lite' } })
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (/looked at, 2\d\d embedded/.test(text)) child.kill('SIGKILL')
  })
  expect(await ended).toBe('SIGKILL')
  const { entries, reembedded } = JSON.parse((await reembed(['--subject', 'ben'])).out)
  expect(entries).toBe(400)
  expect(reembedded).toBeGreaterThan(0)
  expect(reembedded).toBeLessThanOrEqual(200)
})

test('refuses bad usage, and to do nothing', async () => {
  expect((await memkeep(['reembed', '--tenant', 'acme', ...at])).code).toBe(2)
  const none = { env: { MEMKEEP_LANGUAGES: 'none' } }
  const refused = await memkeep(['reembed', '--tenant', 'acme', '--whole-tenant', ...at], none)
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/nothing to embed with.*ERR_INPUT_INVALID/s) })
  const wrong = await memkeep(['search', 'x', '--tenant', 'acme', '--subject', 'ana', ...at], {
    env: { MEMKEEP_EMBEDDER: 'x' },
  })
  expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/MEMKEEP_EMBEDDER must be none or use-lite/) })
})

interface Found {
  readonly on: string
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly meaning: string
}
const doctor = async (options: object = withModel) => {
  const { code, out } = await memkeep(['doctor', '--shelves', '--json', ...at], options)
  expect(code).toBe(0)
  return (JSON.parse(out) as { findings: Found[] }).findings.filter(({ on }) => on === 'shelves')
}

test('doctor tells what stands on the shelves, and what to do', async () => {
  expect((await reembed(['--whole-tenant'])).code).toBe(0)
  expect(await doctor()).toEqual([])
  await importAs('ben', ['one more'])
  const [missing, ...others] = await doctor()
  expect(others).toEqual([])
  expect(missing).toMatchObject({
    code: 'vectors-missing',
    message: expect.stringMatching(/acme.* 1 without a vector/),
  })
  expect(missing!.meaning).toMatch(/words alone/)
  expect(await memkeep([...missing!.remedy.split(' ').slice(1), ...at], withModel)).toMatchObject({ code: 0 })
  expect(await doctor()).toEqual([])
})

test('doctor tells of a tenant of which nothing has a vector, in a line that a shell takes for one command', async () => {
  const tenant = "it's; touch planted"
  const wordless = { env: { MEMKEEP_LANGUAGES: 'none' } }
  expect((await memkeep(['tenant', 'create', tenant, ...at])).code).toBe(0)
  const input = ['one', 'two'].map((content) => JSON.stringify({ content, actor: 'user' })).join('\n')
  await memkeep(['import', '-', '--tenant', tenant, '--subject', 'ana', ...at], { input, ...wordless })
  const told = (await doctor()).filter(({ message }) => message.includes(tenant))
  expect(told.map(({ code, message }) => `${code} ${message}`)).toEqual([
    expect.stringMatching(/^vectors-missing .*, 2 memories: 2 without a vector/),
    expect.stringMatching(/^stems-missing .*, 2 memories: 2 without stems/),
  ])
  // Where nothing would make them, nothing is missing.
  expect((await doctor(wordless)).filter(({ message }) => message.includes(tenant))).toEqual([])
  // Every word as the shell hands it on.
  const shell = `memkeep() { printf '%s\\n' "$@"; }; ${told[0]!.remedy}`
  const words = execFileSync('sh', ['-c', shell], { encoding: 'utf8', cwd: scratch.data('.') })
    .trimEnd()
    .split('\n')
  expect(words).toEqual(['reembed', '--tenant', tenant, '--whole-tenant'])
  expect(await memkeep([...words, ...at], withModel)).toMatchObject({ code: 0 })
  expect((await doctor()).filter(({ message }) => message.includes(tenant))).toEqual([])
})

test('doctor names the key when nothing of a shelf opens, and counts what is broken among the others', async () => {
  const store = join(scratch.data('keep'), 'keys', 'store')
  const keys = readdirSync(join(store, 'subject'), { recursive: true, encoding: 'utf8' })
  const records = keys.filter((name) => name.endsWith('.json')).map((name) => join('subject', name))
  const [path, wholes] = [(name: string) => join(store, name), records.map((name) => readFileSync(join(store, name)))]
  try {
    for (const name of records) writeFileSync(path(name), 'garbage')
    const told = (await doctor()).filter(({ code }) => code === 'shelf-keys-lost')
    const named = told.map(({ message }) => message).join(' ')
    for (const name of records) expect(named).toContain(name.replace(/\.json$/, ''))
    expect(named).not.toMatch(/\b0 memories/)
    const first = records[0]!
    rmSync(path(first))
    const gone = (await doctor()).filter(({ code }) => code === 'shelf-keys-lost')
    expect(gone.length).toBeGreaterThan(0)
  } finally {
    for (const [place, name] of records.entries()) {
      mkdirSync(join(path(name), '..'), { recursive: true, mode: 0o700 })
      writeFileSync(path(name), wholes[place]!, { mode: 0o600 })
    }
  }
  expect((await doctor()).filter(({ code }) => code === 'shelf-keys-lost')).toEqual([])
})

test('does not take the place of a model that it does not have, unless told so', async () => {
  const engine = embedded({ dir: join(scratch.data('keep'), 'db') })
  {
    await using keep = await openMemkeep({
      ...keysOf({ kind: 'embedded', dir: scratch.data('keep') }),
      database: engine,
      embedder: {
        provider: 'own',
        modelId: 'other',
        doEmbed: async ({ values }) => ({ embeddings: values.map(() => [1, 0]) }),
      },
    })
    await keep.for(agentScope('acme', 'eva')).add('a heron', { actor: 'user' })
  }
  const refused = await reembed(['--subject', 'eva'])
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toMatch(
    /1 memories have vectors of another model .*1 by own\/other.*--replace-model.*ERR_EMBEDDER_MISMATCH/s,
  )
  expect((await reembed(['--subject', 'ana'])).code).toBe(0)
  const replaced = await reembed(['--subject', 'eva', '--replace-model'])
  expect(JSON.parse(replaced.out)).toMatchObject({ entries: 1, reembedded: 1 })
  expect(await reembed(['--subject', 'eva'])).toMatchObject({ code: 0 })
})
