import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Keyring } from '../../src/keys/keyring.ts'
import type { ChildOrder, ChildResult } from './key-child.ts'

export interface ChildEnd {
  readonly results: readonly ChildResult[]
  readonly code: number | null
  readonly signal: string | null
  readonly errors: string
}

/** Runs `key-child.ts` in a process of its own; kills it `killAfterMs` after its first result. Settles when it has ended. */
export function runChild(order: ChildOrder, killAfterMs?: number): Promise<ChildEnd> {
  const program = fileURLToPath(new URL('key-child.ts', import.meta.url))
  const child = spawn(process.execPath, [
    '--conditions=memkeep-src',
    '--disable-warning=ExperimentalWarning',
    program,
    JSON.stringify(order),
  ])
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (data: Buffer) => output.push(data))
  child.stdout.once('data', () => {
    if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  })
  child.stderr.on('data', (data: Buffer) => errors.push(data))
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const lines = Buffer.concat(output).toString('utf8').split('\n').slice(0, -1)
      const results = lines.map((line) => JSON.parse(line) as ChildResult)
      resolve({ results, code, signal, errors: Buffer.concat(errors).toString('utf8') })
    })
  })
}

/** Everything that a child told of opens in `ring`, under the key that the child named. */
export async function expectOpens(ring: Keyring, result: ChildResult): Promise<void> {
  const keys = await ring.tenant(result.tenant)
  expect(keys.tag.toString('hex')).toBe(result.tenantTag)
  const subjectTag = keys.subjectTag(result.subject)
  expect(subjectTag.toString('hex')).toBe(result.subjectTag)
  const key = await keys.forOpening(subjectTag, result.epoch, result.version)
  expect(key.open('name', Buffer.from(result.record, 'hex'), [result.tenant]).toString()).toBe(result.subject)
  expect((await ring.tokenKey(1)).toString('hex')).toBe(result.tokenKey)
  const deployment = await (await ring.deployment()).own()
  expect(deployment.open('name', Buffer.from(result.deploymentRecord, 'hex'), []).toString()).toBe(result.tenant)
}
