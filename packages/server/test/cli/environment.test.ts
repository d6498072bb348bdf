import { globSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { settingsOfEnvironment } from '../../src/cli/environment.ts'
import { memkeep, scratchDirectory } from './deployment.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const scratch = scratchDirectory()
afterAll(() => scratch.remove())

/** Names of variables that stand in these files. */
function namedIn(pattern: string): string[] {
  const text = globSync(pattern, { cwd: root }).map((file) => readFileSync(`${root}${file}`, 'utf8'))
  const names = text.flatMap((each) => each.match(/\bMEMKEEP_[A-Z_]*[A-Z]\b/g) ?? [])
  return [...new Set(names)].filter((name) => !name.startsWith('MEMKEEP_TEST_')).sort()
}

test('every setting that sources read, and no other, is known as one', () => {
  expect(namedIn('packages/{server,memkeep,embedded}/src/**/*.ts')).toEqual([...settingsOfEnvironment])
})

test('what docs and examples of deployment name is a setting, or of the tests', () => {
  const tests = ['MEMKEEP_BARRIER_RUNS', 'MEMKEEP_ERASURE_KILLS', 'MEMKEEP_KILL_LOOPS']
  const others = namedIn('{docs/**/*.md,deploy/*,Dockerfile,README.md}').filter(
    (name) => !settingsOfEnvironment.has(name),
  )
  expect(others).toEqual(tests)
})

test('a setting that is empty is as if it were not there', async () => {
  const data = scratch.data('empty')
  const elsewhere = scratch.path('elsewhere')
  mkdirSync(elsewhere)
  const env = Object.fromEntries([...settingsOfEnvironment].map((name) => [name, '']))
  const run = (...args: string[]) =>
    memkeep([...args, '--data', data], { cwd: elsewhere, env: { ...env, MEMKEEP_EMBEDDER: 'none' } })
  expect(await run('tenant', 'create', 'acme')).toEqual({
    code: 0,
    out: 'tenant acme created\n',
    err: `making a deployment in ${data} ...\n`,
  })
  const who = ['--tenant', 'acme', '--subject', 'ana']
  expect(await run('erase', ...who, '--reason', 'request', '--no-wait')).toMatchObject({ code: 0 })
  expect([readdirSync(elsewhere), readdirSync(`${data}/erasures`)]).toEqual([[], ['0000000001.json']])
})

test('a variable of our name that is no setting is told', async () => {
  const env = {
    MEMKEEP_SUPPORT_SECONDPERSON: '1',
    MEMKEEP_SERVICE_HOST: '10.0.0.1',
    MEMKEEP_PORT_8787_TCP: 'tcp://10.0.0.1',
  }
  const { code, err } = await memkeep(['--version'], { env })
  expect([code, err]).toEqual([0, 'memkeep: MEMKEEP_SUPPORT_SECONDPERSON is no setting, and says nothing here\n'])
})
