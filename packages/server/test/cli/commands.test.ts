import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memkeep, memkeepInShell, scratchDirectory, stackTrace } from './deployment.ts'
import { mainHere } from './main-here.ts'

const scratch = scratchDirectory()
const data = scratch.data('keep')
/** `--data` goes before what a test may put behind a bare `--`. */
const on = (...args: string[]) => {
  const end = args.indexOf('--')
  return memkeep(end === -1 ? [...args, '--data', data] : [...args.slice(0, end), '--data', data, ...args.slice(end)])
}
beforeAll(async () => {
  expect(await on('tenant', 'create', 'acme', '--json')).toMatchObject({ code: 0, out: '{"tenant":"acme"}\n' })
})
afterAll(() => scratch.remove())

test('a tenant is made once, and listed', async () => {
  expect(await on('tenant', 'create', 'globex')).toMatchObject({ code: 0, out: 'tenant globex created\n' })
  expect(await on('tenant', 'create', 'globex')).toMatchObject({ code: 0, out: 'tenant globex was there already\n' })
  const listed = JSON.parse((await on('tenant', 'list', '--json')).out) as {
    tenants: { tenant: string; state: string }[]
  }
  expect(listed.tenants.filter(({ tenant }) => tenant === 'globex')).toEqual([
    { tenant: 'globex', state: 'open', createdAt: expect.stringMatching(/^20\d\d-.*Z$/) },
  ])
  expect((await on('tenant', 'list')).out).toMatch(/^20\S+Z {2}open {4}globex$/m)
})

describe('keys', () => {
  test('made, listed without the secret, revoked once', async () => {
    const made = await on('key', 'create', '--tenant', 'acme', '--subject', 'ana', '--role', 'agent', '--json')
    const { id, key } = JSON.parse(made.out) as { id: string; key: string }
    expect(made.code).toBe(0)
    expect(key).toMatch(/^mk_[\w-]{43}$/)
    const wide = await on(
      'key',
      'create',
      '--tenant',
      'acme',
      '--whole-tenant',
      '--role',
      'admin',
      '--name',
      'ops',
      '--json',
    )
    const listed = await on('key', 'list', '--tenant', 'acme', '--json')
    expect(listed.out).not.toContain(key)
    const { keys } = JSON.parse(listed.out) as { keys: { id: string }[] }
    expect(keys.find((each) => each.id === id)).toMatchObject({
      subject: 'ana',
      name: 'agent',
      roles: ['agent'],
      revokedAt: null,
    })
    expect(keys.find((each) => each.id === (JSON.parse(wide.out) as { id: string }).id)).toMatchObject({
      subject: null,
      name: 'ops',
      roles: ['admin'],
    })
    expect(await on('key', 'revoke', '--tenant', 'globex', id)).toMatchObject({ code: 1, out: '' })
    expect(await on('key', 'revoke', '--tenant', 'acme', id)).toMatchObject({ code: 0, out: 'revoked\n' })
    expect(await on('key', 'revoke', '--tenant', 'acme', id)).toMatchObject({ code: 1, out: '' })
    expect((await on('key', 'list', '--tenant', 'acme')).out).toMatch(
      new RegExp(`^${id} {2}revoked .*subject ana$`, 'm'),
    )
  })

  test('WHO is exactly one of the two, and said', async () => {
    const base = ['key', 'create', '--tenant', 'acme', '--role', 'agent']
    for (const who of [
      [],
      ['--subject', 'ana', '--whole-tenant'],
      ['--subject', ''],
      ['--subject'],
      ['--subject=a', '--subject=b'],
    ]) {
      const { code, out, err } = await on(...base, ...who)
      expect({ who, code, out }).toEqual({ who, code: 2, out: '' })
      expect(err).toContain('usage: memkeep key create --tenant T WHO')
    }
  })

  test('an id that is no id, an unknown tenant, a role that nobody knows', async () => {
    for (const id of ["'", '%', '01890000-0000-7000-8000-000000000000', 'x'.repeat(5000), '🙂']) {
      expect(await on('key', 'revoke', '--tenant', 'acme', id)).toMatchObject({ code: 1, out: '' })
    }
    const { code, err } = await on('key', 'create', '--tenant', 'nobody', '--whole-tenant', '--role', 'agent')
    expect(code).toBe(1)
    expect(err).toContain('(ERR_TENANT_UNKNOWN)')
    expect((await on('key', 'create', '--tenant', 'acme', '--subject', 's', '--role', 'agnet')).err).toContain(
      'note: that role',
    )
  })
})

describe('ids are stored and matched exactly, or refused', () => {
  const exact = [
    '%',
    '_',
    'a:b',
    'a/b',
    '..',
    '*',
    '-x',
    '--',
    'caf\u00e9',
    'cafe\u0301',
    ' ',
    'a ',
    "';--",
    '\u202eright',
    '🙂'.repeat(200),
    '1',
    '10',
  ]
  test('stored: each is another tenant, and none finds what another holds', async () => {
    // What words of a process could do to them, they do to these; the others are made in this one.
    const passed = ['-x', '--', ' ', 'caf\u00e9', 'cafe\u0301', '🙂'.repeat(200)]
    for (const id of exact) {
      const run = passed.includes(id) ? memkeep : mainHere
      expect({ id, code: (await run(['tenant', 'create', '--data', data, '--', id])).code }).toEqual({ id, code: 0 })
    }
    const { tenants } = JSON.parse((await on('tenant', 'list', '--json')).out) as { tenants: { tenant: string }[] }
    const names = tenants.map(({ tenant }) => tenant)
    expect(exact.filter((id) => !names.includes(id))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
    for (const id of exact.slice(0, 8)) {
      const input = JSON.stringify({ content: `fact of ${JSON.stringify(id)}`, actor: 'user' })
      const imported = await mainHere(['import', '-', `--tenant=${id}`, `--subject=${id}`, '--data', data], { input })
      expect(imported).toMatchObject({ code: 0, out: '1 imported\n' })
    }
    for (const id of exact) {
      const { out } = await mainHere(['search', 'fact', `--tenant=${id}`, `--subject=${id}`, '--json', '--data', data])
      const { memories } = JSON.parse(out) as { memories: { content: string }[] }
      const own = exact.indexOf(id) < 8 ? [`fact of ${JSON.stringify(id)}`] : []
      expect(memories.map(({ content }) => content)).toEqual(own)
    }
    expect((await on('tenant', 'list')).out).not.toContain('\u202e')
  }, 240_000)

  test('refused', async () => {
    for (const id of ['a\nb', 'tab\t', '\u001b[31m', '\u0085', '🙂'.repeat(201), 'x'.repeat(201)]) {
      const { code, out, err } = await mainHere(['tenant', 'create', '--data', data, '--', id])
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(/\(ERR_INPUT_INVALID\)$/m)
    }
  })

  test('bytes that are not UTF-8 are refused, and not stored as something else', async () => {
    const before = (await on('tenant', 'list', '--json')).out
    for (const word of ["$'a\\xff'", "$'\\xed\\xa0\\x80'"]) {
      const { code, err } = await memkeepInShell(`tenant create ${word} --data '${data}'`)
      expect({ word, code }).toEqual({ word, code: 1 })
      expect(err).toContain('(ERR_INPUT_INVALID)')
    }
    expect((await on('tenant', 'list', '--json')).out).toBe(before)
  })
})

describe('usage', () => {
  test.each([
    [[]],
    [['nonsense']],
    [['tenant']],
    [['tenant', 'destroy']],
    [['tenant', 'create']],
    [['tenant', 'create', '']],
    [['tenant', 'create', 'a', 'b']],
    [['tenant', 'create', '--json=yes', 'a']],
    [['search', 'x', '--tenant', 'acme']],
    [['search', 'x', '--tenant', 'acme', '--subject', 'ana', '--limit', 'many']],
    [['search', 'x', '--tenant', 'acme', '--subject', 'ana', '--limit', '-1']],
    [['search', 'x', '--tenant', 'acme', '--tenant', 'globex', '--subject', 'ana']],
    [['export', '--tenant', 'acme']],
    [['export', '--tenant', 'acme', '--whole-tenant', '--subject', 'ana']],
    [['db', 'url', '--role', 'root']],
    [['db', 'url']],
    [['import', '--tenant', 'acme', '--subject', 'ana']],
    [['help', 'nonsense']],
    [['doctor', '--data']],
    [['upkeep', '--twice']],
  ])('%j is bad usage', async (args) => {
    const { code, out, err } = await mainHere(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/usage: memkeep|memkeep help/)
    expect(err).not.toMatch(stackTrace)
  })

  test('a word that is no command is named, on one line', async () => {
    const none = (words: string, help: string) => `memkeep: there is no command ${words}; memkeep ${help} lists them\n`
    expect(await mainHere(['fo\no', 'x'])).toEqual({ code: 2, out: '', err: none('fo o', 'help') })
    expect(await mainHere(['help', 'nonsense'])).toEqual({ code: 2, out: '', err: none('nonsense', 'help') })
    expect(await mainHere(['tenant', 'destroy'])).toEqual({
      ...{ code: 2, out: '' },
      err: none('tenant destroy', 'help tenant'),
    })
  })

  test('the version is that of the package', async () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    expect(await mainHere(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  test('help goes to stdout', async () => {
    for (const args of [['help'], ['--help'], ['help', 'db', 'url'], ['tenant', 'create', '-h']]) {
      expect(await mainHere(args)).toMatchObject({ code: 0, err: '' })
    }
    expect((await memkeep(['help', 'db'])).out).not.toContain('tenant create')
    expect((await memkeep(['export', '--help'])).out).toContain('usage: memkeep export --tenant T WHO')
  })
})

test('a mistyped directory does not become a deployment', async () => {
  const nowhere = scratch.path('nowhere')
  const commands = [
    ['tenant', 'list'],
    ['search', 'x', '--tenant', 'acme', '--subject', 'ana'],
    ['export', '--tenant', 'acme', '--whole-tenant'],
    ['doctor'],
    ['upkeep', '--once'],
    ['db', 'url', '--role', 'app'],
    ['db', 'backup', scratch.path('backup')],
  ]
  for (const command of commands) {
    const { code, err } = await memkeep([...command, '--data', nowhere])
    expect({ command, code }).toEqual({ command, code: 1 })
    expect(err).toContain('(ERR_STORE_UNAVAILABLE)')
  }
  expect(existsSync(nowhere)).toBe(false)
})

test('limits come back as errors with their code', async () => {
  const search = (text: string, ...more: string[]) =>
    on('search', text, '--tenant', 'acme', '--subject', 'ana', ...more)
  expect((await search('x', '--limit', '0')).err).toContain('(ERR_INPUT_INVALID)')
  expect((await search('x', '--limit', '101')).err).toContain('(ERR_INPUT_TOO_LARGE)')
  expect((await search('x'.repeat(8193))).err).toContain('(ERR_INPUT_TOO_LARGE)')
  expect(await search('x'.repeat(8192), '--limit', '100')).toMatchObject({ code: 0, out: 'nothing found\n' })
})

test('content cannot steer the terminal, and JSON brings it exactly', async () => {
  const content = 'one\u001b[2Jtwo\u0085three\u202efour\nfive \\u001b'
  const input = JSON.stringify({ content, actor: 'user' })
  const asked = ['--tenant', 'acme', '--subject', 'terminal', '--data', data]
  expect(await memkeep(['import', '-', ...asked], { input })).toMatchObject({ code: 0 })
  const { out } = await memkeep(['search', 'five', ...asked])
  expect(out).toContain('one\\u001b[2Jtwo\\u0085three\\u202efour five')
  const json = (await memkeep(['search', 'five', ...asked, '--json'])).out
  expect(json).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]+\n$/)
  expect((JSON.parse(json) as { memories: { content: string }[] }).memories[0]!.content).toBe(content)
})

test('a reader that goes away ends an export without a word', async () => {
  const { out, err } = await memkeepInShell(`export --tenant acme --whole-tenant --data '${data}' | head -c 1`)
  expect(out).toBe('{')
  expect(err).not.toMatch(stackTrace)
})
