import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { earlierSeal, isEarlierSeal } from '../../src/keys/earlier-seals.ts'
import { unopenedRecords } from '../../src/keys/inspect-records.ts'
import { openLibraryEntry, sealLibraryEntry } from '../../src/keys/library-key.ts'
import { keyPlace } from './key-place.ts'

// What was sealed up to schema 46 stays readable, and its seal is told from every other.

const id = '01900000-0000-7000-8000-000000000001'
const labels = { id, version: 3, kind: 'fact', sensitivity: 'private', trust: 'agent' } as const

test('an entry of the library that was sealed under a key of the earlier kind opens', async () => {
  const keys = await keyPlace().openRing().deployment()
  const seal = earlierSeal(keys, 'library-key', id, 3)
  const key = await keys.forWriting(seal)
  const content = sealLibraryEntry(key, labels, 'tea')
  expect(await openLibraryEntry(keys, labels, { seal, epoch: key.epoch, content })).toBe('tea')
  const another = { ...labels, version: 4 }
  await expect(openLibraryEntry(keys, another, { seal, epoch: key.epoch, content })).rejects.toMatchObject({
    code: 'ERR_KEY_DESTROYED',
  })
})

test('a seal of the earlier kind is told from a subject’s tag, another artifact’s and another purpose’s', async () => {
  const { keys } = await keyPlace().openRing().createTenant('acme')
  const seal = earlierSeal(keys, 'artifact-key', id, 3)
  expect(isEarlierSeal(keys, 'artifact-key', id, seal)).toBe(true)
  expect(isEarlierSeal(keys, 'library-key', id, seal)).toBe(false)
  expect(isEarlierSeal(keys, 'artifact-key', id.replace('1900', '1901'), seal)).toBe(false)
  expect(isEarlierSeal(keys, 'artifact-key', id, keys.subjectTag('ana'))).toBe(false)
})

test('to end the keys of no version, or of one that has none, changes nothing', async () => {
  const place = keyPlace()
  const ring = place.openRing()
  const { keys } = await ring.createTenant('acme')
  const before = await place.store.list('')
  await ring.versions.end(keys.tag, [])
  await ring.versions.end(keys.tag, [randomBytes(16)])
  await ring.versions.replaceWraps(keys.tag)
  expect(await place.store.list('')).toEqual(before)
})

test('the inspection names a record whose fault has no key below it', async () => {
  const place = keyPlace()
  const { keys } = await place.openRing().createTenant('acme')
  await place.store.putIfAbsent(`tenant/${keys.tag.toString('hex')}/erased/7`, Buffer.from('{"v":1}'))
  await place.store.putIfAbsent('guard/passed/3', Buffer.from('{"v":1}'))
  const { ofAll, ofTenants } = await unopenedRecords(place.provider, place.store)
  expect(ofAll).toEqual([{ record: 'guard/passed/3', code: 'ERR_SEAL_BROKEN' }])
  // Without that none of these is asked.
  expect(ofTenants).toEqual([])
  await place.store.delete('guard/passed/3')
  const again = await unopenedRecords(place.provider, place.store)
  expect(again.ofTenants).toEqual([{ record: `tenant/${keys.tag.toString('hex')}/erased/7`, code: 'ERR_SEAL_BROKEN' }])
})
