import { createCipheriv, randomBytes } from 'node:crypto'
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DataKey } from '../../src/keys/data-key.ts'
import { HeldKeys } from '../../src/keys/held-keys.ts'
import { Secret } from '../../src/keys/secret.ts'
import { WrappedKeys } from '../../src/keys/wrapped-keys.ts'
import { canonicalBytes } from '../../src/proof/canonical-bytes.ts'
import { freshDirectory, type KeyPlace, keyPlace, refusalOf } from './key-place.ts'
import { twoKeyRecord } from './two-key-record.ts'

/**
 * Two key stores, copied from one before the subject had a key: the same tenant key wrapped two different keys under the
 * same name. What somebody gets who merges an old backup into a live store.
 */
async function twoStores(): Promise<{ live: KeyPlace; copy: KeyPlace; name: string; subjectTag: Buffer }> {
  const live = keyPlace()
  const tenant = (await live.openRing().createTenant('acme')).keys
  const directory = freshDirectory()
  cpSync(live.directory, directory, { recursive: true })
  chmodSync(join(directory, 'store'), 0o700)
  const copy = keyPlace(directory)
  const subjectTag = tenant.subjectTag('ana')
  await tenant.forWriting(subjectTag)
  await (await copy.openRing().tenant('acme')).forWriting(subjectTag)
  return { live, copy, subjectTag, name: `subject/${tenant.tag.toString('hex')}/${subjectTag.toString('hex')}/1/1` }
}

function recordPath(place: KeyPlace, name: string): string {
  return join(place.directory, 'store', `${name}.json`)
}

function readRecord(place: KeyPlace, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(recordPath(place, name), 'utf8'))
}

function secretOf(place: KeyPlace, name: string): Promise<Secret> {
  const held = new HeldKeys(place.clock, 1000)
  return new WrappedKeys(place.provider, place.store, held).open(name).finally(() => held.close())
}

it('refuses a record that was given another valid key; without the commitment the key would be taken', async () => {
  const { live, copy, name, subjectTag } = await twoStores()
  const sealed = (await (await live.openRing().tenant('acme')).forWriting(subjectTag)).seal(
    'content',
    Buffer.from('x'),
    [],
  )
  const open = async () => {
    const key = await (await live.openRing().tenant('acme')).forOpening(subjectTag, 1, 1)
    return key.seal('content', Buffer.from('x'), [])
  }
  expect(await refusalOf(open)).toBe('success')

  const own = readRecord(live, name)
  const foreign = readRecord(copy, name)
  expect(foreign.wrappedBy).toBe(own.wrappedBy)
  expect(foreign.wrapped).not.toBe(own.wrapped)

  // With the wall taken away (the commitment goes along) the foreign key is taken, and what was sealed before is lost.
  writeFileSync(
    recordPath(live, name),
    JSON.stringify({ ...own, wrapped: foreign.wrapped, commitment: foreign.commitment }),
  )
  expect(await refusalOf(open)).toBe('success')
  const taken = await (await live.openRing().tenant('acme')).forOpening(subjectTag, 1, 1)
  expect(await refusalOf(() => taken.open('content', sealed, []))).toBe('ERR_SEAL_BROKEN')

  writeFileSync(recordPath(live, name), JSON.stringify({ ...own, wrapped: foreign.wrapped }))
  expect(await refusalOf(open)).toBe('ERR_SEAL_BROKEN')

  writeFileSync(recordPath(live, name), JSON.stringify({ ...own, commitment: '' }))
  expect(await refusalOf(open)).toBe('ERR_SEAL_BROKEN')

  writeFileSync(recordPath(live, name), JSON.stringify(own))
  expect(await refusalOf(open)).toBe('success')
})

it('AES-GCM alone opens one crafted record under two keys; the commitment lets only one of them in', async () => {
  const { live, copy, name, subjectTag } = await twoStores()
  const tenantTag = Buffer.from(name.split('/')[1]!, 'hex')
  const secrets = [await secretOf(live, name), await secretOf(copy, name)] as const
  const [rawOne, rawTwo] = secrets.map((secret) => secret.derive('seal', 'content')) as [Buffer, Buffer]

  const head = Buffer.from([1, 0, 0, 0, 1])
  const context = ['memories', 7]
  const associated = canonicalBytes([1, tenantTag, 1, subjectTag, 1, 'content', ...context])
  const record = Buffer.concat([head, twoKeyRecord(rawOne, rawTwo, associated)])

  const place = { tenantTag, subjectTag, epoch: 1, version: 1 }
  const [one, two] = secrets.map((secret) => new DataKey(secret, place).open('content', record, context))
  expect(one!.length).toBe(64)
  expect(two!.length).toBe(64)
  expect(one).not.toEqual(two)

  // The first key is the one that the store is committed to: it opens. The second never becomes the key of this name.
  const key = await (await live.openRing().tenant('acme')).forOpening(subjectTag, 1, 1)
  expect(key.open('content', record, context)).toEqual(one)
  writeFileSync(
    recordPath(live, name),
    JSON.stringify({ ...readRecord(live, name), wrapped: readRecord(copy, name).wrapped }),
  )
  const swapped = async () => (await live.openRing().tenant('acme')).forOpening(subjectTag, 1, 1)
  expect(await refusalOf(swapped)).toBe('ERR_SEAL_BROKEN')
})

it('the crafted record is not opened by just any key', async () => {
  const associated = Buffer.from('associated')
  const record = twoKeyRecord(randomBytes(32), randomBytes(32), associated)
  const place = { tenantTag: Buffer.alloc(16), subjectTag: null, epoch: 1, version: 1 }
  const third = new DataKey(new Secret(randomBytes(32)), place)
  const headed = Buffer.concat([Buffer.from([1, 0, 0, 0, 1]), record])
  expect(await refusalOf(() => third.open('content', headed, []))).toBe('ERR_SEAL_BROKEN')
})

it('the field arithmetic of the attack gives the tags that AES-GCM gives', () => {
  const key = randomBytes(32)
  const associated = randomBytes(21)
  // With twice the same key any free block will do, so its tag must be the one of the cipher itself.
  const record = twoKeyRecord(key, key, associated)
  const cipher = createCipheriv('aes-256-gcm', key, record.subarray(0, 12)).setAAD(associated)
  const plain = createCipheriv('aes-256-ctr', key, Buffer.concat([record.subarray(0, 12), Buffer.from([0, 0, 0, 2])]))
  const ciphertext = record.subarray(12, -16)
  expect(cipher.update(plain.update(ciphertext))).toEqual(ciphertext)
  cipher.final()
  expect(cipher.getAuthTag()).toEqual(record.subarray(-16))
})
