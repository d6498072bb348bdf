import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { preAuthentication, signEnvelope } from '../../src/proof/dsse.ts'
import { inTotoType } from '../../src/proof/in-toto-statement.ts'
import { publicKeyPem } from '../../src/proof/public-key-pem.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import type { Files } from './mutations.ts'
import { sampleBundle } from './sample-ledger.ts'
import { testSigner } from './test-signer.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'memkeep-bundle-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function put(files: Files): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), bytes)
  }
}

/** The bundle with another text in one file. */
function edited(files: Files, path: string, from: string, to: string): Files {
  const text = Buffer.from(files.get(path)!).toString('latin1')
  expect(text).toContain(from)
  return new Map([...files, [path, Buffer.from(text.replace(from, to), 'latin1')]])
}

describe("openssl, by the README's own lines", () => {
  /** Every line of the README that stands between its heading for openssl and the next, and is indented. */
  function check(files: Files): number | null {
    put(files)
    const readme = Buffer.from(files.get('README.md')!).toString()
    const [section] = readme.slice(readme.indexOf('## With openssl')).split(/\n## (?!With openssl)/)
    const script = section!.split('\n').filter((line) => line.startsWith('    '))
    expect(script.length).toBeGreaterThan(2)
    return spawnSync('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { cwd: directory }).status
  }

  test('accepts the checkpoint', async () => {
    expect(check(await sampleBundle({ sizes: [300], opened: [], proofs: [] }))).toBe(0)
  })

  test('refuses another size', async () => {
    const files = await sampleBundle({ sizes: [300], opened: [], proofs: [] })
    expect(check(edited(files, 'checkpoint', '\n300\n', '\n301\n'))).toBe(1)
  })

  test('accepts an envelope, and refuses another payload', async () => {
    const signer = testSigner('ours')
    const envelope = await signEnvelope(sha256, inTotoType, Buffer.from('{}'), [signer])
    put(
      new Map([
        ['key.pem', Buffer.from(publicKeyPem(signer.publicKey))],
        ['signature', envelope.signatures[0]!.sig],
        ['signed', preAuthentication(inTotoType, Buffer.from('{}'))],
        ['other', preAuthentication(inTotoType, Buffer.from('[]'))],
      ]),
    )
    const verify = (file: string): number | null =>
      spawnSync(
        'openssl',
        ['pkeyutl', '-verify', '-pubin', '-inkey', 'key.pem', '-rawin', '-in', file, '-sigfile', 'signature'],
        { cwd: directory },
      ).status
    expect(verify('signed')).toBe(0)
    expect(verify('other')).toBe(1)
  })
})

/** Where Debian's golang-golang-x-mod-dev puts its sources; `GOPATH` names another place. */
const gopath = process.env.GOPATH ?? '/usr/share/gocode'
const go = spawnSync('go', ['version']).status === 0 && existsSync(join(gopath, 'src/golang.org/x/mod/sumdb'))

describe.skipIf(!go)("Go's x/mod/sumdb, by the README's own program", () => {
  function run(files: Files): { status: number | null; output: string } {
    const bundle = join(directory, 'bundle')
    const readme = Buffer.from(files.get('README.md')!).toString()
    const [, program] = /```go\n([\s\S]*?)```/.exec(readme)!
    put(new Map([...files].map(([path, bytes]) => [`bundle/${path}`, bytes])))
    writeFileSync(join(directory, 'main.go'), program!)
    const env = { ...process.env, GOPATH: gopath, GO111MODULE: 'off', GOCACHE: join(tmpdir(), 'memkeep-go-cache') }
    execFileSync('go', ['build', '-o', 'check', 'main.go'], { cwd: directory, env })
    const { status, stdout, stderr } = spawnSync(join(directory, 'check'), [bundle])
    return { status, output: `${stdout}${stderr}` }
  }

  test('accepts a bundle, its consistency proofs and its inclusion proofs', async () => {
    const { status, output } = run(await sampleBundle())
    expect(output).toContain('the entries are those of the checkpoint')
    expect(output.match(/^consistent: /gm)).toHaveLength(3)
    expect(output.match(/^in the log: /gm)).toHaveLength(3)
    expect(status, output).toBe(0)
  })

  test('accepts what is left of a pruned one', async () => {
    const files = await sampleBundle({ minIndex: 512, sizes: [520, 600], opened: [], proofs: [3, 530] })
    const { status, output } = run(files)
    expect(output).toContain('only proofs are checked')
    expect(output.match(/^in the log: /gm)).toHaveLength(2)
    expect(status, output).toBe(0)
  })

  test.each([
    ['checkpoint', '\n600\n', '\n599\n', 'invalid signature'],
    ['tile/entries/001', '"seq":300', '"seq":301', 'the entries are not those of the checkpoint'],
    ['proofs/256.tlog-proof', 'index 256', 'index 255', 'proofs/256.tlog-proof: '],
    ['consistency/256-300', 'old 256', 'old 100', 'consistency/256-300: '],
  ])('refuses another %s', async (path, from, to, message) => {
    const { status, output } = run(edited(await sampleBundle(), path, from, to))
    expect(output).toContain(message)
    expect(status).toBe(1)
  })
})
