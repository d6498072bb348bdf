import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { memkeep, type Run, scratchDirectory, stackTrace } from './deployment.ts'
import { mainHere } from './main-here.ts'

/** Replay with MEMKEEP_CLI_SEED. */
const seed = Number(process.env.MEMKEEP_CLI_SEED ?? randomInt(2 ** 31))
const scratch = scratchDirectory()
const data = scratch.data('keep')
const home = process.cwd()

/** What another tenant holds: no output but its own export and search may show it. */
const secret = 'the otters of globex'
let passwords: string[]

beforeAll(async () => {
  console.info(`MEMKEEP_CLI_SEED=${seed}`)
  for (const tenant of ['acme', 'globex']) await memkeep(['tenant', 'create', tenant, '--data', data])
  const input = JSON.stringify({ content: secret, actor: 'user' })
  await memkeep(['import', '-', '--tenant', 'globex', '--subject', 'zoe', '--data', data], { input })
  passwords = Object.values(
    JSON.parse(readFileSync(join(data, 'db', 'secrets.json'), 'utf8')) as Record<string, string>,
  )
  writeFileSync(scratch.path('good.jsonl'), JSON.stringify({ content: 'x', actor: 'user' }))
  writeFileSync(scratch.path('bad.jsonl'), Buffer.from([0, 255, 10, 123, 10]))
  mkdirSync(scratch.path('folder'))
  // A command without --data works where it stands.
  process.chdir(scratch.path('.'))
})
afterAll(async () => {
  process.chdir(home)
  await scratch.remove()
})

/** Those that run until they are told to end, and the demo, are not for here. */
const endless = ['demo', 'serve', 'mcp']
const names = commands.map(({ name }) => name).filter((name) => !endless.includes(name))
const options = [...new Set(commands.flatMap(({ takes }) => takes.match(/--[a-z-]+|-o/g) ?? []))].filter(
  (name) => name !== '--hold',
)

const odd = fc.constantFrom(
  ...[
    '%',
    '_',
    '..',
    '/',
    '*',
    '-',
    '--',
    '---',
    '=',
    "'",
    '"',
    '\\',
    '$HOME',
    '0',
    '-1',
    '1e9',
    'NaN',
    'null',
    '[object Object]',
  ],
  ...[
    'a\nb',
    '\u0000',
    '\ud800',
    '\udfff\ud800',
    '\ufffd',
    '\u202e',
    '🙂'.repeat(200),
    '🙂'.repeat(201),
    'é',
    'e\u0301',
    '\u001b[2J',
  ],
  ...['x'.repeat(100_000), ' ', '', '__proto__', 'constructor', 'hasOwnProperty', '--__proto__', '--constructor=1'],
)
const known = fc.constantFrom(
  'acme',
  'ana',
  'agent',
  'app',
  'admin',
  '5',
  '100',
  'x',
  'good.jsonl',
  'bad.jsonl',
  'folder',
  'absent/file',
)
const word = fc.oneof(
  { weight: 3, arbitrary: known },
  { weight: 2, arbitrary: odd },
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const option = fc.oneof(
  fc.constantFrom(...options).map((name) => [name]),
  fc.tuple(fc.constantFrom(...options), word).map(([name, value]) => [name, value]),
  fc.tuple(fc.constantFrom(...options), word).map(([name, value]) => [`${name}=${value}`]),
  word.map((each) => [each]),
)
/** Mostly what the command asks for, so that most lines get beyond the first look at them. */
const shaped = fc
  .tuple(fc.constantFrom(...names), fc.array(word, { minLength: 8, maxLength: 8 }), fc.array(option, { maxLength: 2 }))
  .map(([name, words, more]) => {
    let next = 0
    const { takes } = commands.find((each) => each.name === name)!
    const filled = takes
      .replace(' [--data DIR]', '')
      .replace('WHO', '--subject S')
      .split(' ')
      .flatMap((part) => {
        const bare = part.replace(/[[\]]/g, '')
        if (bare === '--hold') return []
        return bare.startsWith('-') ? [bare] : [words[next++ % words.length]!]
      })
    return [...name.split(' '), ...filled, ...more.flat()]
  })
const wild = fc
  .tuple(fc.constantFrom(...names), fc.array(option, { maxLength: 6 }))
  .map(([name, more]) => [...name.split(' '), ...more.flat()])
const line = fc.oneof(
  { weight: 3, arbitrary: shaped },
  { weight: 2, arbitrary: wild },
  { weight: 1, arbitrary: fc.array(word, { maxLength: 4 }) },
)

/** With the deployment named, and nothing in it that waits for ever. */
function atDeployment(line: readonly string[]): string[] {
  const args = line.filter((arg) => arg !== '-' && !arg.startsWith('--data') && !endless.includes(arg))
  const words = [2, 1].find((count) => names.includes(args.slice(0, count).join(' ')))
  if (words === undefined) return args
  const once = args[0] === 'upkeep' && !args.includes('--once') ? ['--once'] : []
  return [...args.slice(0, words), ...once, '--data', data, ...args.slice(words)]
}

function check(args: readonly string[], { code, out, err }: Run): void {
  const told = { args, code, err: err.slice(0, 2000) }
  expect(told.code === 0 || told.code === 1 || told.code === 2, JSON.stringify(told)).toBe(true)
  expect(stackTrace.test(out + err), JSON.stringify(told)).toBe(false)
  expect(passwords.some((password) => err.includes(password)) || /mk_[\w-]{43}/.test(err), JSON.stringify(told)).toBe(
    false,
  )
  // A refusal says why: a code of ours, or how the command goes.
  if (code === 1)
    expect(/\(ERR_[A-Z_]+\)|: |no such key|there is no support access/.test(err + out), JSON.stringify(told)).toBe(true)
  if (code === 2) expect(err, JSON.stringify(told)).toMatch(/usage: memkeep|memkeep help/)
  if (!args.includes('globex')) expect(out.includes(secret), JSON.stringify(told)).toBe(false)
}

test('hundreds of command lines in this process: a code, never a stack, nothing of another tenant', async () => {
  const codes = new Map<number | null, number>()
  const property = fc.asyncProperty(line, async (args) => {
    const given = atDeployment(args)
    const run = await mainHere(given)
    codes.set(run.code, (codes.get(run.code) ?? 0) + 1)
    check(given, run)
  })
  await fc.assert(property, { seed, numRuns: 500, endOnFailure: true })
  // The lines were not all refused at the first look.
  expect(codes.get(0) ?? 0).toBeGreaterThan(10)
  expect(codes.get(1) ?? 0).toBeGreaterThan(10)
  expect(codes.get(2) ?? 0).toBeGreaterThan(10)
}, 590_000)

test('dozens of processes, with random bytes on stdin', async () => {
  const property = fc.asyncProperty(line, fc.uint8Array({ maxLength: 2000 }), async (args, input) => {
    const asked = atDeployment(args).map((arg) => arg.replaceAll('\u0000', '').slice(0, 30_000))
    const given = asked[0] === 'import' ? ['import', '-', ...asked.slice(2)] : asked
    check(given, await memkeep(given, { input, cwd: scratch.path('.') }))
  })
  await fc.assert(property, { seed, numRuns: 30, endOnFailure: true })
}, 590_000)
