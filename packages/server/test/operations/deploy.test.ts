import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { transportOf } from '../../../memkeep/src/store/transport.ts'
import { commands } from '../../src/cli/commands.ts'
import { routes } from '../../src/http/routes/routes.ts'

// The examples are not run here. What they name is held against what there is, so that they do not rot.

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const [image, unit, compose] = [read('Dockerfile'), read('deploy/memkeep.service'), read('deploy/compose.yaml')]
const settingOf = (name: string): string | undefined => new RegExp(`\\b${name}=(\\S+)`).exec(image)?.[1]

test('the image has what its entry point needs, and not as root', () => {
  const [, ...stages] = image.split(/^FROM /m)
  const last = stages.at(-1)!
  const copied = [...last.matchAll(/^COPY --from=build \/app\/(\S+) \.\/(\S*)$/gm)].map(([, from, to]) => {
    expect(['', from]).toContain(to)
    expect(existsSync(join(root, from!))).toBe(true)
    return from!
  })
  const [program] = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(last)![1]!).slice(1) as string[]
  expect(existsSync(join(root, program!))).toBe(true)
  expect(copied).toContain(program!.split('/')[0])
  // Linked from node_modules, where every workspace's dependencies are.
  for (const each of ['node_modules', 'packages', 'package.json']) expect(copied).toContain(each)
  const [command] = JSON.parse(/^CMD (.+)$/m.exec(last)![1]!) as string[]
  expect(commands.map(({ name }) => name)).toContain(command)
  expect(/^USER (\S+)$/m.exec(last)![1]).not.toMatch(/^(root|0)\b/)
  for (const stage of stages) expect(Number(/^node:(\d+)/.exec(stage)![1])).toBeGreaterThanOrEqual(24)
})

test('it is asked for its health where it answers', () => {
  const [, port, path] = /fetch\('http:\/\/127\.0\.0\.1:(\d+)(\/\w+)'\)/.exec(image)!
  expect(routes.some((route) => route.path === path && route.audience === 'anybody')).toBe(true)
  expect([/^EXPOSE (\d+)$/m.exec(image)![1], /127\.0\.0\.1:\d+:(\d+)/.exec(compose)![1]]).toEqual([port, port])
  expect(read('packages/server/src/cli/serve.ts')).toContain(`port = ${port}`)
})

test('settings that the examples name are settings; keys lie where they may be written', () => {
  const documented = ['operate', 'install', 'cli'].map((page) => read(`docs/${page}.md`)).join()
  const named = `${image} ${unit} ${compose}`.match(/\bMEMKEEP_[A-Z_]+/g)!
  expect(named.filter((name) => !documented.includes(name))).toEqual([])
  // Each on a volume of its own, which whoever runs the image owns; under systemd where the service may write.
  for (const [volume, name] of [
    ['keys', 'MEMKEEP_KEYS'],
    ['erasures', 'MEMKEEP_ERASURES'],
  ] as const) {
    const dir = settingOf(name)!
    expect(compose).toContain(`"${volume}:${dir}"`)
    expect(compose).toMatch(new RegExp(`^  ${volume}: `, 'm'))
    expect(image).toMatch(new RegExp(`^RUN mkdir .*${dir} .*chown node:node .*${dir} `, 'm'))
    expect(image).toMatch(new RegExp(`docker run .*-v \\S+:${dir} `))
  }
  const [, own] = /^Environment=MEMKEEP_ERASURES=(\S+)$/m.exec(unit)!
  expect(/^ReadWritePaths=(.+)$/m.exec(unit)![1]!.split(' ')).toContain(own)
  const version = /image: postgres:(\d+)/.exec(compose)![1]!
  expect(Object.keys(JSON.parse(read('packages/memkeep/src/store/security-minors.json')).minors)).toContain(version)
})

test('the example of two containers takes a way to the database that Memkeep takes, and a command that there is', () => {
  const addresses = compose.match(/postgresql:\/\/\S+?\/memkeep/g)!
  expect(addresses.length).toBeGreaterThan(1)
  for (const address of addresses) expect(transportOf({ connectionString: address })).toBe('loopback')
  const [socket] = /(?<=socket:)\/\S+?(?=")/.exec(compose)!
  for (const address of addresses) expect(address).toContain(encodeURIComponent(socket))
  const [, command] = /docker compose run .* memkeep (\w+)/.exec(compose)!
  expect(commands.map(({ name }) => name)).toContain(command)
})

test('the unit starts the Node that is pinned, whatever the machine has', () => {
  const path = /^Environment=PATH=(\S+)$/m.exec(unit)![1]!.replace('/opt/memkeep/', root)
  const [command] = /^ExecStart=(\S+)/m.exec(unit)![1]!.replace('/opt/memkeep/', root).split(' ')
  const run = (PATH: string) => spawnSync(command!, ['--version'], { encoding: 'utf8', env: { PATH } })
  expect(run(path)).toMatchObject({ status: 0 })
  expect(path.split(':')[0]).toBe(dirname(command!))
})

const analyzer = spawnSync('systemd-analyze', ['--version']).status === 0
test.skipIf(!analyzer)('systemd reads the unit without a complaint (skipped where it is not installed)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mk-unit-'))
  const verify = (text: string) => {
    writeFileSync(join(dir, 'memkeep.service'), text)
    return spawnSync('systemd-analyze', ['verify', '--man=no', join(dir, 'memkeep.service')], { encoding: 'utf8' })
      .stderr.split('\n')
      .filter((line) => /memkeep/.test(line))
  }
  const here = unit.replace(/^ExecStart=\S+ serve$/m, `ExecStart=${process.execPath} serve`)
  expect(here).not.toBe(unit)
  expect(verify(here)).toEqual([])
  expect(verify(here.replace('ProtectHome=', 'ProtectHoem='))).not.toEqual([])
  rmSync(dir, { recursive: true })
})
