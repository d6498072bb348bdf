import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build, type Rolldown } from 'vite'
import { beforeAll, describe, expect, test } from 'vitest'
import { sampleBundle, trusted } from './sample-ledger.ts'

/** `memkeep/verify` as one script that puts its exports into a global `verify`. */
let script: string
/** A page's work: verifies the bundle as it is, and with a bit flipped in an entry. */
let work: string

beforeAll(async () => {
  const built = (await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL('../../src/verify.ts', import.meta.url)),
        formats: ['iife'],
        name: 'verify',
        fileName: 'verify',
      },
    },
  })) as Rolldown.RolldownOutput[]
  script = built[0]!.output[0].code
  const files = [...(await sampleBundle())].map(([path, bytes]) => [path, [...bytes]])
  work = `(async () => {
    const files = new Map(${JSON.stringify(files)}.map(([path, bytes]) => [path, Uint8Array.from(bytes)]))
    const bundle = { list: async () => [...files.keys()], read: async (path) => files.get(path) ?? null }
    const report = await verify.verifyLedger(bundle, ${JSON.stringify(trusted)})
    files.get('tile/entries/001')[500] ^= 1
    const refusal = await verify.verifyLedger(bundle).catch((error) => error)
    return [report.size, refusal.code, refusal.message].join(' ')
  })()`
})

const expected = /^600 ERR_PROOF_INVALID tile\/entries\/001: entry \d+ is not the one in the tree$/

describe('memkeep/verify', () => {
  test('holds no built-in of Node, and names no global of Node', () => {
    expect(script).not.toMatch(/node:|__vite-browser-external|\brequire\(/)
    expect(script.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')).not.toMatch(/\b(Buffer|process|setImmediate)\b/)
  })

  test('runs where only a browser’s globals are', async () => {
    const globals = { crypto, TextEncoder, TextDecoder, atob, btoa, DOMException }
    const context = createContext({ ...globals })
    runInContext(`${script};globalThis.verify = verify`, context)
    expect(await runInContext(work, context)).toMatch(expected)
  })
})

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
)
if (chromium === undefined && process.env.CI !== undefined) throw new Error('CI has no Chromium')

test.skipIf(chromium === undefined)('memkeep/verify runs in Chromium', () => {
  const directory = mkdtempSync(join(tmpdir(), 'memkeep-page-'))
  try {
    const page = join(directory, 'page.html')
    const run = `${work}.catch((error) => 'failed: ' + error).then((line) => { document.title = line })`
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><title></title><script>${script}\n${run}</script>`)
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(directory, 'profile')}`]
    const { stdout } = spawnSync(chromium!, [...flags, '--virtual-time-budget=20000', '--dump-dom', `file://${page}`], {
      encoding: 'utf8',
      timeout: 90_000,
    })
    expect(/<title>(.*?)<\/title>/.exec(stdout)?.[1]).toMatch(expected)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
