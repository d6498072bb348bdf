import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stopEmbedded } from '@memkeep/embedded'
import { afterAll, expect, test } from 'vitest'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

// A stopped data directory and its keys, copied before an erasure and put back after it; the erasure ledger beside them is the one of today.

const scratch = scratchDirectory()
afterAll(() => scratch.remove())

/** Database and keys, with their modes: the engine and the key store look at them. */
function copy(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  execFileSync('cp', ['-a', join(from, 'db'), join(from, 'keys'), to])
}

test('a data directory that is put back after an erasure: restore-check erases again, and says so; others are there', async () => {
  const data = scratch.data('keep')
  const on = (...args: string[]) => memkeep([...args, '--data', data])
  const found = (subject: string) => on('search', 'tomatoes', '--tenant', 'acme', '--subject', subject)
  expect(await on('tenant', 'create', 'acme')).toMatchObject({ code: 0 })
  writeFileSync(scratch.path('talk.jsonl'), '{"role": "user", "content": "I grow black tomatoes."}\n')
  for (const subject of ['maja', 'ben']) {
    const order = ['import', scratch.path('talk.jsonl'), '--tenant', 'acme', '--subject', subject]
    expect(await on(...order)).toMatchObject({ code: 0 })
  }
  await stopEmbedded(join(data, 'db'))
  copy(data, scratch.path('backup'))

  const order = ['erase', '--tenant', 'acme', '--subject', 'maja', '--reason', 'request', '--no-wait']
  expect(await on(...order)).toMatchObject({ code: 0 })
  await stopEmbedded(join(data, 'db'))
  for (const part of ['db', 'keys']) renameSync(join(data, part), scratch.path(`today-${part}`))
  copy(scratch.path('backup'), data)

  expect(await on('restore-check', '--json')).toMatchObject({ code: 0, out: '{"repeated":1}\n' })
  expect(await found('maja')).toMatchObject({ code: 1, err: expect.stringContaining('ERR_SCOPE_BARRED') })
  expect(await found('ben')).toMatchObject({ code: 0, out: expect.stringContaining('black tomatoes') })
  expect(await on('restore-check', '--json')).toMatchObject({ code: 0, out: '{"repeated":0}\n' })
}, 240_000)
