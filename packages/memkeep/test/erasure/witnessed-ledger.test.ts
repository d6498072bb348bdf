import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { readHead } from '../../src/audit/witness.ts'
import type { ErasureKernel } from '../../src/erasure/erasure-kernel.ts'
import { expiredLine, type LedgerEntry, lineOf, readLines } from '../../src/erasure/ledger-lines.ts'
import { witnessLedger } from '../../src/erasure/witnessed-ledger.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { mth } from '../proof/naive-tree.ts'
import { codeOf } from '../support/code-of.ts'
import { HandClock } from '../support/hand-clock.ts'
import { keysAt } from '../support/keys-at.ts'

let dir = ''
let keyring: Keyring
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mk-witnessed-'))
  const { keys: provider, keyStore: store } = keysAt(dir)
  keyring = new Keyring({ provider, store, clock: new HandClock(), reach: () => {} })
})
afterAll(() => {
  keyring.close()
  rmSync(dir, { recursive: true })
})

function lines(count: number, other = ''): string[] {
  const made: string[] = []
  const entry: LedgerEntry = {
    ...{ place: 0, at: 1, erasure: 'e', kind: 'subject', tenant: '00', subject: '01', epoch: 1 },
    ...{ reason: 0, commit: '02', until: 2, mac: '' },
  }
  for (let place = 1; place <= count; place++) {
    const last = made.at(-1)
    const head = last === undefined ? '0'.repeat(64) : createHash('sha256').update(expiredLine(last)).digest('hex')
    made.push(lineOf({ ...entry, place, erasure: `${other}${place}` }, head))
  }
  return made
}

test('the head is the root over the hashes of the lines, expired or not; a shorter or another ledger is refused', async () => {
  const file = join(dir, 'witness')
  const show = async (standing: readonly string[]) => {
    const ledger = { read: async () => [...standing], put: async () => true, replace: async () => {} }
    return witnessLedger({ ledger, witness: fileWitness({ path: file }), keyring } as unknown as ErasureKernel)
  }
  const seen = () => {
    const { checkpoint } = JSON.parse(readFileSync(file, 'utf8').trim().split('\n').at(-1)!) as { checkpoint: string }
    return readHead(checkpoint)
  }
  const all = lines(600)
  const rootOf = (count: number) => mth(readLines(all.slice(0, count)).hashes.map((hash) => Buffer.from(hash, 'hex')))
  for (const size of [1, 2, 255, 256, 257, 600]) {
    await show(all.slice(0, size))
    expect(seen().size).toBe(size)
    expect(rootOf(size).equals(seen().root)).toBe(true)
  }
  await show(all.map(expiredLine))
  expect(seen().size).toBe(600)
  expect(await codeOf(show(all.slice(0, 599)))).toBe('ERR_STORE_ROLLED_BACK')
  expect(await codeOf(show([]))).toBe('ERR_STORE_ROLLED_BACK')
  expect(await codeOf(show(lines(600, 'x')))).toBe('ERR_STORE_ROLLED_BACK')
  expect(await codeOf(show(lines(601, 'x')))).toBe('ERR_STORE_ROLLED_BACK')
  expect(await codeOf(show(all))).toBe('none')
})
