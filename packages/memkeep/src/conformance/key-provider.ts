import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { KeyProvider } from '../keys/key-provider.ts'
import { expectRefusal } from './refusal.ts'

export interface KeyProviderPlace {
  readonly provider: KeyProvider
  /** The same root key, reached as another process would reach it. */
  readonly again: KeyProvider
  /** Another root key. */
  readonly other: KeyProvider
}

/** Tries everything that a `KeyProvider` promises. `make` is called once. Throws at the first promise that is not kept. */
export async function testKeyProvider(make: () => Promise<KeyProviderPlace>): Promise<void> {
  const place = await make()
  await opensWhatItWrapped(place)
  await bindsTheContext(place)
  await refusesAlteredBytes(place)
  await knowsItsRoot(place)
  await standsConcurrency(place)
  if (place.provider.renew !== undefined || place.provider.destroy !== undefined) await renewsAndDestroys(place)
}

async function opensWhatItWrapped({ provider, again }: KeyProviderPlace): Promise<void> {
  const key = randomBytes(32)
  const given = Buffer.from(key)
  const context = Buffer.from('context')
  const wrapped = await provider.wrap(given, context)
  assert.deepEqual(given, key, 'wrap leaves the key as it was')
  assert.equal(Buffer.from(wrapped).includes(key.subarray(0, 8)), false, 'the wrapped bytes show the key')

  const opened = await provider.unwrap(wrapped, context)
  assert.deepEqual(opened, key, 'unwrap gives what was wrapped')
  opened.fill(0)
  assert.deepEqual(
    await provider.unwrap(wrapped, context),
    key,
    'the buffer is the caller’s own: clearing it harms nothing',
  )
  assert.deepEqual(await again.unwrap(wrapped, context), key, 'another process opens it')
}

async function bindsTheContext({ provider }: KeyProviderPlace): Promise<void> {
  const context = Buffer.from('tenant/a')
  const wrapped = await provider.wrap(randomBytes(32), context)
  const others = ['tenant/b', 'tenant/', 'tenant/ab', 'Tenant/a', '']
  for (const other of others) {
    await expectRefusal('ERR_SEAL_BROKEN', 'another context', () => provider.unwrap(wrapped, Buffer.from(other)))
  }
}

async function refusesAlteredBytes({ provider }: KeyProviderPlace): Promise<void> {
  const context = Buffer.from('context')
  const wrapped = Buffer.from(await provider.wrap(randomBytes(32), context))
  const attempts: Buffer[] = [
    Buffer.alloc(0),
    wrapped.subarray(1),
    wrapped.subarray(0, -1),
    Buffer.concat([wrapped, wrapped]),
  ]
  for (let at = 0; at < wrapped.length; at++) {
    const altered = Buffer.from(wrapped)
    altered[at] = altered[at]! ^ (1 << (at % 8))
    attempts.push(altered)
  }
  for (const attempt of attempts) {
    await expectRefusal('ERR_SEAL_BROKEN', 'altered bytes', () => provider.unwrap(attempt, context))
  }
}

async function knowsItsRoot({ provider, again, other }: KeyProviderPlace): Promise<void> {
  const context = Buffer.from('context')
  const wrapped = await provider.wrap(randomBytes(32), context)
  await other.wrap(randomBytes(32), context)
  await expectRefusal('ERR_SEAL_BROKEN', 'another root key', () => other.unwrap(wrapped, context))
  assert.match(provider.id, /^[\x21-\x7e]{1,200}$/, 'the id is 1 to 200 visible ASCII characters')
  assert.equal(again.id, provider.id, 'the id belongs to the root key')
  assert.notEqual(other.id, provider.id, 'another root key has another id')
}

async function standsConcurrency({ provider, again }: KeyProviderPlace): Promise<void> {
  const keys = Array.from({ length: 20 }, () => randomBytes(32))
  const wrapped = await Promise.all(keys.map((key, n) => provider.wrap(key, Buffer.from(`${n}`))))
  const opened = await Promise.all(wrapped.map((bytes, n) => again.unwrap(bytes, Buffer.from(`${n}`))))
  assert.deepEqual(opened, keys, 'concurrent calls do not meet')
}

async function renewsAndDestroys({ provider, again, other }: KeyProviderPlace): Promise<void> {
  assert.ok(provider.renew !== undefined && provider.destroy !== undefined, 'a root that renews also destroys')
  const context = Buffer.from('context')
  const [key, second] = [randomBytes(32), randomBytes(32)]
  const old = Buffer.from(await provider.wrap(key, context))
  const oldId = provider.id
  await expectRefusal('ERR_INPUT_INVALID', 'the root key that wraps now is not destroyed', () =>
    provider.destroy!(oldId),
  )
  const newId = await provider.renew()
  assert.notEqual(newId, oldId, 'another root key has another id')
  assert.deepEqual([provider.id, again.id], [newId, newId], 'the new one wraps, in every process')
  const young = Buffer.from(await again.wrap(second, context))
  assert.deepEqual(await again.unwrap(old, context, oldId), key, 'what the earlier one wrapped still opens')
  assert.deepEqual(await provider.unwrap(young, context, newId), second)
  await expectRefusal('ERR_SEAL_BROKEN', 'the id of another key of the root', () =>
    provider.unwrap(old, context, newId),
  )
  await expectRefusal('ERR_KEY_UNAVAILABLE', 'a foreign id', () => provider.unwrap(old, context, other.id))
  for (const destroys of [provider, again]) {
    assert.ok((await destroys.destroy!(oldId)) instanceof Date, 'destroyed, and again')
  }
  for (const asked of [provider, again]) {
    await expectRefusal('ERR_KEY_DESTROYED', 'a destroyed root key', () => asked.unwrap(old, context, oldId))
  }
  assert.deepEqual(await again.unwrap(young, context, newId), second, 'the others are as they were')
}
