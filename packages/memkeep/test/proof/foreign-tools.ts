import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import type { Files } from './mutations.ts'

export function put(directory: string, files: Files): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), bytes)
  }
}

/**
 * openssl on a bundle, by the README's own lines: every one that stands between its heading for openssl and the next, and is
 * indented. The exit code.
 */
export function opensslOn(directory: string, files: Files): number | null {
  put(directory, files)
  const readme = Buffer.from(files.get('README.md')!).toString()
  const [section] = readme.slice(readme.indexOf('## With openssl')).split(/\n## (?!With openssl)/)
  const script = section!.split('\n').filter((line) => line.startsWith('    '))
  expect(script.length).toBeGreaterThan(2)
  return spawnSync('bash', ['-euo', 'pipefail', '-c', script.join('\n')], { cwd: directory }).status
}

/** Where Debian's golang-golang-x-mod-dev puts its sources; `GOPATH` names another place. */
const gopath = process.env.GOPATH ?? '/usr/share/gocode'

/** False where Go or its module is not installed, and the checks with it are left out: never in CI. */
export const hasGo = spawnSync('go', ['version']).status === 0 && existsSync(join(gopath, 'src/golang.org/x/mod/sumdb'))
if (!hasGo && process.env.CI !== undefined) throw new Error('CI has no Go, or not golang.org/x/mod')

/** Go's x/mod/sumdb on a bundle, by the README's own program. */
export function goOn(directory: string, files: Files): { status: number | null; output: string } {
  const readme = Buffer.from(files.get('README.md')!).toString()
  const [, program] = /```go\n([\s\S]*?)```/.exec(readme)!
  put(join(directory, 'bundle'), files)
  writeFileSync(join(directory, 'main.go'), program!)
  const env = { ...process.env, GOPATH: gopath, GO111MODULE: 'off', GOCACHE: join(tmpdir(), 'memkeep-go-cache') }
  execFileSync('go', ['build', '-o', 'check', 'main.go'], { cwd: directory, env })
  const { status, stdout, stderr } = spawnSync(join(directory, 'check'), [join(directory, 'bundle')])
  return { status, output: `${stdout}${stderr}` }
}
