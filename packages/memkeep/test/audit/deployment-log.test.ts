import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeDeploymentLeaf } from '../../src/proof/deployment-leaf.ts'
import { verifyLedger } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'
import { expectWholeLogs } from './whole-log.ts'

let store: TestKeep

beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

async function bundle(tenant: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const scope = store.wide({ tenant, principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  for await (const { path, bytes } of scope.audit.export()) files.set(path, bytes)
  return files
}

const ticks = async () =>
  (
    await store.database.query<{ entry: Buffer }>(
      'select entry from memkeep.log_entry where event is null order by seq',
    )
  ).map(({ entry }) => decodeDeploymentLeaf(entry))

test('a tick commits to the head of each tenant, and each bundle shows it of its own', async () => {
  await store.memory().add('of acme', { actor: 'user' })
  await store.memory({ tenant: 'globex' }).add('of globex', { actor: 'user' })
  await store.keep.runUpkeep()
  const [acme, globex] = [await bundle('acme'), await bundle('globex')]
  const deploymentKey = Buffer.from(acme.get('anchor/deployment.vkey')!).toString().trimEnd()
  for (const files of [acme, globex]) {
    const report = await verifyLedger(bundleOf(files), { deploymentKey })
    expect(report.anchor).toMatchObject({ index: (await ticks()).length - 1, size: report.size })
  }
  // Another tenant's proof does not show this one's head.
  const mixed = new Map([...acme, ['anchor/head.json', globex.get('anchor/head.json')!]])
  expect(await codeOf(verifyLedger(bundleOf(mixed), { deploymentKey }))).toBe('ERR_PROOF_INVALID')
  expect([...acme.values()].some((bytes) => Buffer.from(bytes).includes('globex'))).toBe(false)
})

test('ticks come with time, whether anything happened or not, and one for each pass at most', async () => {
  const before = (await ticks()).length
  await store.keep.runUpkeep()
  expect(await ticks()).toHaveLength(before)
  const sizes = new Set<number>()
  const slots: number[] = []
  for (let minute = 1; minute <= 4; minute++) {
    store.clock.advance(60_000)
    if (minute === 3) await store.memory({ tenant: 'globex' }).add('only one of them', { actor: 'user' })
    await store.keep.runUpkeep()
    expect(await ticks()).toHaveLength(before + minute)
    const head = Buffer.from((await bundle('acme')).get('anchor/head.json')!)
    sizes.add(head.length)
    slots.push((JSON.parse(head.toString()) as { slot: number }).slot)
  }
  const made = await ticks()
  expect(made.map(({ seq }) => seq)).toEqual(made.map((_, index) => index))
  expect(new Set(made.map(({ heads }) => heads)).size).toBe(made.length)
  // What a tenant sees has one length, with two tenants as with two hundred.
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2)
  // Where it stands among the others says nothing of them: as a rank it would be less than their number each time, and move with it.
  expect(Math.max(...slots)).toBeGreaterThan(10)
  await expectWholeLogs(store.database)
})

test('the proof of a head stays good while the log goes on', async () => {
  store.clock.advance(60_000)
  await store.keep.runUpkeep()
  await store.memory().add('after the tick', { actor: 'user' })
  await store.keep.sequence()
  const report = await verifyLedger(bundleOf(await bundle('acme')))
  expect(report.anchor!.size).toBeLessThan(report.size)
})
