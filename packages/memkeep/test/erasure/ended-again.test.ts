import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { adminOf, adminOfTenant, finished, grantOf } from '../support/erasing.ts'
import { dayMs } from '../support/hand-clock.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// A subject that was to begin anew after its erasure has ended again before that was attested: with its tenant, or by another erasure.

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
  await store.memory().add('x', { actor: 'user' })
  await store.database.query(
    `create function public.broken() returns trigger language plpgsql as $$ begin raise exception 'broken off'; end $$`,
  )
})
afterEach(() => store[Symbol.asyncDispose]())

/** Until it is mended, the first erasure (the one that reopens) is broken off over the very write that ends it. */
const breakOff = () =>
  store.database.query(
    'create trigger broken before update on memkeep.erasure for each row when (new.state = 1 and new.after = 1) execute function public.broken()',
  )
const mend = () => store.database.query('drop trigger broken on memkeep.erasure')

const erasures = () => store.keep.privileged(grantOf('erase')).erasures

async function endsLater(id: string): Promise<void> {
  await mend()
  for (let pass = 0; pass < 3; pass++) {
    store.clock.advance(61_000)
    expect(await codeOf(store.keep.runUpkeep())).toBe('none')
  }
  expect(await erasures().show(id)).toMatchObject({ state: 'done', report: { kind: 'subject' } })
  const names = await keysAt(store.keyDir).keyStore.list('subject/')
  expect(names.filter((name) => !name.includes('/erased/'))).toEqual([])
}

/** Upkeep tells of the one that is broken off: it goes on with the others. */
async function passes(number: number): Promise<void> {
  for (let pass = 0; pass < number; pass++) {
    await store.keep.runUpkeep().catch(() => {})
    store.clock.advance(61_000)
  }
}

async function begun(): Promise<string> {
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request', after: 'reopen' })
  for await (const { step } of erasure) if (step === 'derive') break
  return erasure.id
}

test('with its tenant, also when that has been forgotten since', async () => {
  await breakOff()
  const id = await begun()
  const whole = await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' })
  for await (const { step } of whole) {
    if (step === 'derive') store.clock.advance(300_001)
    if (step === 'verify') await passes(2)
  }
  await whole.done
  expect(await erasures().show(id)).toMatchObject({ state: 'open' })
  store.clock.advance(36 * dayMs)
  await passes(2)
  expect(await erasures().show(whole.id)).toBeNull()
  await endsLater(id)
}, 60_000)

test('by another erasure, whose end is not undone', async () => {
  await breakOff()
  const first = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request', after: 'reopen' })
  expect(await codeOf(finished(store, first))).not.toBe('none')
  await store.memory().add('anew', { actor: 'user' })
  const second = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  expect(second.id).not.toBe(first.id)
  for await (const { step } of second) {
    if (step === 'derive') store.clock.advance(300_001)
    if (step === 'verify') await passes(2)
  }
  await second.done
  await endsLater(first.id)
  expect(await codeOf(store.memory().add('late', { actor: 'user' }))).toBe('ERR_SCOPE_BARRED')
}, 60_000)

test('a report counts the keys that the erasure of the tenant deleted beside its own', async () => {
  const reach = (point: string) => {
    if (point === 'erasure.derive.noted') throw new Error('killed')
  }
  const dying = await store.open({ seams: { clock: store.clock, reach } })
  const { id, done } = await dying.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(done).rejects.toThrow('killed')
  await finished(store, await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' }))
  await passes(2)
  const { report, steps } = (await erasures().show(id))!
  expect(steps.find(({ step }) => step === 'enumerate')!.notes).toMatchObject({ plan: { keyCount: 1 } })
  expect(report).toMatchObject({ keysDestroyed: 1, verification: { keysGone: 1 } })
}, 60_000)
