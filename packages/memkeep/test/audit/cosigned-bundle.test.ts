import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { formatNoteKey } from '../../src/proof/note-key.ts'
import { verifyLedger } from '../../src/verify.ts'
import type { Files } from '../proof/mutations.ts'
import { bundleOf, witnessKey } from '../proof/sample-ledger.ts'
import { codeOf } from '../support/code-of.ts'
import { hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'
import { witnessAt, witnessVkey } from './witness-at.ts'

// What a witness over HTTP signed of the deployment's head is in the bundles of the tenants that are anchored in it.

let store: TestKeep
let watched: Keep
let close: () => Promise<void>
beforeAll(async () => {
  store = await TestKeep.start({ audit: { mergeDelaySeconds: 3600 } })
  const started = await witnessAt(join(store.keyDir, 'heads.json'), [await store.keep.logKey()])
  close = started.close
  watched = await store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { mergeDelaySeconds: 3600, witness: started.witness },
  })
})
afterAll(async () => {
  await close()
  await store[Symbol.asyncDispose]()
})

async function exported(): Promise<Files> {
  const auditor = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }, watched)
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of auditor.audit.export()) files.set(path, bytes)
  return files
}

test('a bundle carries the signature, verify asks for it, and one that is of another head or key is refused', async () => {
  await store.memory().add('one', { actor: 'user' })
  store.clock.advance(hourMs)
  await store.keep.runUpkeep()
  // Anchored, and not shown to any witness yet.
  expect(await codeOf(verifyLedger(bundleOf(await exported()), { witnesses: [witnessVkey] }))).toBe('ERR_PROOF_INVALID')
  await store.memory().add('two', { actor: 'user' })
  store.clock.advance(hourMs)
  await watched.runUpkeep()
  await store.memory().add('three', { actor: 'user' })
  await store.keep.sequence()
  const files = await exported()
  const report = await verifyLedger(bundleOf(files), {
    witnesses: [witnessVkey],
    deploymentKey: await watched.logKey(),
  })
  // It covers what was anchored, and not what came after.
  expect(report.anchor!.size).toBeLessThan(report.size)
  expect(report.cosigned).toEqual([{ witness: witnessVkey, at: expect.any(Number), size: report.anchor!.size }])
  expect(await codeOf(verifyLedger(bundleOf(files), { witnesses: [formatNoteKey(witnessKey)] }))).toBe(
    'ERR_PROOF_INVALID',
  )
  const path = 'anchor/deployment.tlog-proof'
  const proof = Buffer.from(files.get(path)!).toString()
  const line = proof.trimEnd().split('\n').at(-1)!
  const flipped = `${line.slice(0, -9)}${line.at(-9) === 'A' ? 'B' : 'A'}${line.slice(-8)}`
  const forged = new Map([...files, [path, Buffer.from(proof.replace(line, flipped))]])
  expect(await codeOf(verifyLedger(bundleOf(forged)))).toBe('ERR_PROOF_INVALID')
})

test('a later tick takes another signature, and a log that did not move keeps the one it has', async () => {
  const before = Buffer.from((await exported()).get('anchor/deployment.tlog-proof')!).toString()
  store.clock.advance(hourMs)
  await watched.runUpkeep()
  const report = await verifyLedger(bundleOf(await exported()), { witnesses: [witnessVkey] })
  expect(report.cosigned).toHaveLength(1)
  expect(Buffer.from((await exported()).get('anchor/deployment.tlog-proof')!).toString()).not.toBe(before)
})
