import { createHmac } from 'node:crypto'
import { expect, it } from 'vitest'
import { HeldKeys } from '../../src/keys/held-keys.ts'
import { Secret } from '../../src/keys/secret.ts'
import { WrappedKeys } from '../../src/keys/wrapped-keys.ts'
import { canonicalBytes } from '../../src/proof/canonical-bytes.ts'
import { keyPlace, refusalOf } from './key-place.ts'

it('a tenant’s tag is the first 16 bytes of an HMAC-SHA-256 under the deployment’s tag key', async () => {
  const place = keyPlace()
  const tag = await place.openRing().tenantTag('acme')
  // The key is in no buffer, so the HMAC is checked against one made by hand from a key that we choose.
  const held = new HeldKeys(place.clock, 1000)
  const secret = await new WrappedKeys(place.provider, place.store, held).open('deployment/tag')
  held.close()
  expect(tag).toEqual(secret.tag('tenant', 'acme'))
  expect(tag.length).toBe(16)

  const key = Buffer.alloc(32, 7)
  const byHand = createHmac('sha256', key)
    .update(canonicalBytes(['tenant', 'acme']))
    .digest()
    .subarray(0, 16)
  expect(new Secret(Buffer.from(key)).tag('tenant', 'acme')).toEqual(byHand)
})

it('tags stay the same over keyrings, and differ over tenants, deployments and kinds', async () => {
  const place = keyPlace()
  const ring = place.openRing()
  const acme = (await ring.createTenant('acme')).keys
  const globex = (await ring.createTenant('globex')).keys
  const again = await place.openRing().tenant('acme')
  expect(again.tag).toEqual(acme.tag)
  expect(again.subjectTag('ana')).toEqual(acme.subjectTag('ana'))

  const elsewhere = (await keyPlace().openRing().createTenant('acme')).keys
  const tags = [
    acme.tag,
    globex.tag,
    elsewhere.tag,
    acme.commonTag,
    acme.subjectTag('ana'),
    globex.subjectTag('ana'),
    elsewhere.subjectTag('ana'),
    acme.subjectTag('Ana'),
    acme.subjectTag('*'),
    acme.subjectTag('acme'),
    acme.principalTag('ana'),
    acme.keyedTag('subject', 'ana'),
    acme.keyedTag('principal', 'ana'),
    acme.keyedTag('session', 'ana'),
    acme.keyedTag('session', Buffer.from('ana')),
    (await ring.deployment()).tag,
    await ring.tenantTag('deployment'),
    await ring.tenantTag('ana'),
  ]
  expect(new Set(tags.map((tag) => tag.toString('hex'))).size).toBe(tags.length)
  expect(tags.every((tag) => tag.length === 16)).toBe(true)
  expect(acme.commonTag).toEqual(Buffer.alloc(16))
})

it('tags of joined strings differ', async () => {
  const keys = (await keyPlace().openRing().createTenant('acme')).keys
  const pairs = [
    ['a-b', 'c'],
    ['a', 'b-c'],
    ['a-b-c', ''],
    ['', 'a-b-c'],
    ['a', '-b-c'],
    ['a-', 'b-c'],
  ] as const
  expect(new Set(pairs.map(([purpose, value]) => keys.keyedTag(purpose, value).toString('hex'))).size).toBe(
    pairs.length,
  )
})

it('ids are told apart as exact bytes; a lone surrogate, which would meet U+FFFD, is refused', async () => {
  const keys = (await keyPlace().openRing().createTenant('acme')).keys
  expect(keys.subjectTag('\u00e9')).not.toEqual(keys.subjectTag('e\u0301'))
  expect(Buffer.from('\ud800')).toEqual(Buffer.from('\ufffd'))
  for (const call of [
    () => keys.subjectTag('\ud800'),
    () => keys.principalTag('\udc00'),
    () => keys.keyedTag('x', '\ud800'),
  ]) {
    expect(await refusalOf(call)).toBe('ERR_INPUT_INVALID')
  }
})
