import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const members = ['memkeep', '@memkeep/embedded', '@memkeep/server']

interface Packed {
  readonly name: string
  readonly filename: string
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
}

let dir: string
let elsewhere: string
let packed: Packed[]

/** Built, packed, and installed from the tarballs in an empty directory, as a user would from the registry. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mk-pack-'))
  elsewhere = await mkdtemp(join(tmpdir(), 'mk-alone-'))
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root })
  const selected = members.flatMap((member) => ['--workspace', member])
  const pack = ['pack', '--json', '--foreground-scripts=false', '--pack-destination', dir, ...selected]
  packed = JSON.parse((await run('npm', pack, { cwd: root, maxBuffer: 2 ** 26 })).stdout) as Packed[]
  await writeFile(join(dir, 'package.json'), JSON.stringify({ name: 'somewhere-else', private: true, type: 'module' }))
  const tarballs = packed.map(({ filename }) => join(dir, filename))
  // npm waits five minutes for a connection that has died, by default.
  const patience = ['--fetch-timeout=30000', '--fetch-retries=5']
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...patience, ...tarballs], { cwd: dir })
}, 300_000)

afterAll(async () => {
  for (const made of [dir, elsewhere]) {
    await rm(made, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
  }
})

test('the tarballs carry every face and command, and no tests', async () => {
  expect(packed.map(({ name }) => name).sort()).toEqual([...members].sort())
  for (const { name, files } of packed) {
    const paths = new Set(files.map(({ path }) => path))
    const { exports = {}, bin = {} } = await readManifest(join(dir, 'node_modules', name))
    const faces = Object.values(exports).flatMap((face) => (typeof face === 'string' ? [face] : Object.values(face)))
    expect(faces.length).toBeGreaterThan(0)
    for (const face of [...faces, ...Object.values(bin)]) expect(paths).toContain(face.replace('./', ''))
    expect([...paths].filter((path) => /(^|\/)test\/|\.test\./.test(path))).toEqual([])
  }
})

test("the README's library example runs as it stands there", async () => {
  const example = libraryExample(await readFile(join(root, 'README.md'), 'utf8'))
  const said = /memory\.add\('([^']+)'/.exec(example)?.[1]
  expect(said).toBeTypeOf('string')
  await writeFile(join(dir, 'example.ts'), example)
  const { stdout } = await run(process.execPath, ['example.ts'], { cwd: dir })
  expect(stdout.split('\n')[0]).toBe(said)
})

test('the demo runs from the packages', async () => {
  const memkeep = join(dir, 'node_modules/memkeep/bin/memkeep.js')
  const { stdout } = await run(process.execPath, [memkeep, 'demo', '--data', join(dir, 'demo')], { cwd: dir })
  expect(stdout.match(/^ +held /gm)).toHaveLength(5)
})

test('the kernel needs pg and what pg needs, and nothing else', async () => {
  const { packages } = JSON.parse(await readFile(join(dir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  const needs = closure(packages, 'memkeep')
  expect(needs).toEqual(new Set(['memkeep', ...closure(packages, 'pg')]))
  // Copied to another place, not below `dir`: Node looks for packages in every folder above.
  for (const name of needs) {
    await mkdir(join(elsewhere, 'node_modules', name), { recursive: true })
    await cp(join(dir, 'node_modules', name), join(elsewhere, 'node_modules', name), { recursive: true })
  }
  await writeFile(
    join(elsewhere, 'import.mjs'),
    `const { openMemkeep } = await import('memkeep')
     const { mintScope } = await import('memkeep/trust')
     const { localKeys } = await import('memkeep/keys/local')
     console.log(typeof openMemkeep, typeof mintScope, typeof localKeys)`,
  )
  const { stdout } = await run(process.execPath, ['import.mjs'], { cwd: elsewhere })
  expect(stdout).toBe('function function function\n')
  const command = run(process.execPath, [join(elsewhere, 'node_modules/memkeep/bin/memkeep.js'), 'demo'], {
    cwd: elsewhere,
  })
  await expect(command).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm install @memkeep/server'),
  })
})

async function readManifest(folder: string) {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    exports?: Record<string, string | Record<string, string>>
    bin?: Record<string, string>
  }
}

/** The one block of TypeScript below the heading "As a library". */
function libraryExample(readme: string): string {
  const section = readme.split(/^## /m).find((part) => part.startsWith('As a library\n')) ?? ''
  const blocks = [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!)
  expect(blocks).toHaveLength(1)
  return blocks[0]!
}

/** Names of a package and of all that it needs, by the lock of a flat tree. Optional peers are not in it. */
function closure(packages: Readonly<Record<string, Locked>>, name: string, seen = new Set<string>()): Set<string> {
  const locked = packages[`node_modules/${name}`]
  if (locked === undefined || seen.has(name)) return seen
  seen.add(name)
  for (const each of Object.keys(locked.dependencies ?? {})) closure(packages, each, seen)
  return seen
}
