import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { aeadOpen, aeadSeal } from '../../src/keys/aead.ts'
import { DataKey, keyVersionOf, type Purpose } from '../../src/keys/data-key.ts'
import { Secret } from '../../src/keys/secret.ts'
import type { Field } from '../../src/proof/canonical-bytes.ts'
import { refusalOf } from './key-place.ts'

/** Where a record stands. Every member is one way to carry a record elsewhere. */
interface Place {
  tenant: Buffer
  subject: Buffer | null
  epoch: number
  keyVersion: number
  purpose: Purpose
  table: string
  recordId: Buffer
  memoryVersion: number
  column: string
  labels: Buffer
}

const home: Place = {
  tenant: Buffer.alloc(16, 1),
  subject: Buffer.alloc(16, 2),
  epoch: 1,
  keyVersion: 1,
  purpose: 'content',
  table: 'memories-a',
  recordId: Buffer.alloc(16, 3),
  memoryVersion: 1,
  column: 'content',
  labels: Buffer.alloc(32, 4),
}

const elsewhere: Place = {
  tenant: Buffer.alloc(16, 2),
  subject: null,
  epoch: 2,
  keyVersion: 2,
  purpose: 'details',
  table: 'memories',
  recordId: Buffer.alloc(16, 4),
  memoryVersion: 2,
  column: 'a-content',
  labels: Buffer.alloc(32, 5),
}

const raw = randomBytes(32)
const plaintext = Buffer.from('prefers window seats')

/** The same key bytes for every place: nothing but the associated data tells the places apart. */
function keyAt(place: Place): DataKey {
  const secret = new Secret(Buffer.from(raw))
  const { tenant, subject, epoch, keyVersion } = place
  return new DataKey(secret, { tenantTag: tenant, subjectTag: subject, epoch, version: keyVersion })
}

function contextOf(place: Place): Field[] {
  return [place.table, place.recordId, place.memoryVersion, place.column, place.labels]
}

/** Home, and every place that differs from it in one or two members. */
function places(): Place[] {
  const names = Object.keys(home) as (keyof Place)[]
  const moved = (...members: (keyof Place)[]) => ({
    ...home,
    ...Object.fromEntries(members.map((member) => [member, elsewhere[member]])),
  })
  const pairs = names.flatMap((one, at) => names.slice(at + 1).map((two) => moved(one, two)))
  return [home, ...names.map((name) => moved(name)), ...pairs]
}

function openAt(place: Place, record: Buffer): Buffer {
  return keyAt(place).open(place.purpose, record, contextOf(place))
}

describe('sealed records', () => {
  it('have the documented form: format, key version, nonce, ciphertext, tag', () => {
    const key = keyAt({ ...home, keyVersion: 0x01020304 })
    const records = Array.from({ length: 100 }, () => key.seal('content', plaintext, ['x']))
    for (const record of records) {
      expect(record.length).toBe(plaintext.length + 33)
      expect([...record.subarray(0, 5)]).toEqual([1, 1, 2, 3, 4])
      expect(keyVersionOf(record)).toBe(0x01020304)
      expect(key.open('content', record, ['x'])).toEqual(plaintext)
    }
    expect(new Set(records.map((record) => record.toString('hex', 5, 17))).size).toBe(100)
    expect(key.open('content', key.seal('content', Buffer.alloc(0), []), [])).toEqual(Buffer.alloc(0))
  })

  it('the attack without the wall: with no associated data a record opens anywhere under the key', () => {
    const key = new Secret(Buffer.from(raw)).subkey('seal', 'content')
    const record = aeadSeal(key, plaintext, Buffer.alloc(0), 5)
    expect(aeadOpen(key, record, Buffer.alloc(0), 5)).toEqual(plaintext)
  })

  it('open in no other place: every pair of places that differ', async () => {
    const all = places()
    const sealed = all.map((place) => keyAt(place).seal(place.purpose, plaintext, contextOf(place)))
    let refused = 0
    for (const [from, record] of sealed.entries()) {
      for (const [to, place] of all.entries()) {
        const outcome = await refusalOf(() => openAt(place, record))
        expect(outcome, `${from} -> ${to}`).toBe(from === to ? 'success' : 'ERR_SEAL_BROKEN')
        if (outcome !== 'success') refused++
      }
    }
    expect(all.length).toBe(56)
    expect(refused).toBe(56 * 55)
  })

  it('do not open after their version was rewritten to that of the other key', async () => {
    const record = keyAt(home).seal('content', plaintext, contextOf(home))
    record.writeUInt32BE(2, 1)
    expect(await refusalOf(() => openAt({ ...home, keyVersion: 2 }, record))).toBe('ERR_SEAL_BROKEN')
  })

  it('have no two contexts of the same bytes', async () => {
    const key = keyAt(home)
    const contexts: Field[][] = [
      ['a-b', 'c'],
      ['a', 'b-c'],
      ['a-bc'],
      ['a', 'b', '-c'],
      [['a-b', 'c']],
      ['a-b', 'c', null],
      ['1'],
      [1],
      [Buffer.from('1')],
      [],
    ]
    for (const [at, sealedWith] of contexts.entries()) {
      const record = key.seal('content', plaintext, sealedWith)
      for (const [other, openedWith] of contexts.entries()) {
        const expected = at === other ? 'success' : 'ERR_SEAL_BROKEN'
        expect(await refusalOf(() => key.open('content', record, openedWith))).toBe(expected)
      }
    }
  })

  it('are refused with any single bit flipped, cut short or made longer', async () => {
    const key = keyAt(home)
    const record = key.seal('content', Buffer.alloc(200, 'a'), contextOf(home))
    for (let bit = 0; bit < record.length * 8; bit++) {
      const altered = Buffer.from(record)
      altered[bit >> 3] = altered[bit >> 3]! ^ (1 << (bit & 7))
      expect(await refusalOf(() => openAt(home, altered)), `bit ${bit}`).toBe('ERR_SEAL_BROKEN')
    }
    for (let length = 0; length < record.length; length++) {
      const cut = record.subarray(0, length)
      expect(await refusalOf(() => openAt(home, cut)), `length ${length}`).toBe('ERR_SEAL_BROKEN')
    }
    expect(await refusalOf(() => openAt(home, Buffer.concat([record, Buffer.alloc(1)])))).toBe('ERR_SEAL_BROKEN')
    expect(openAt(home, record)).toEqual(Buffer.alloc(200, 'a'))
  })

  it('name their key version, or are refused', async () => {
    const record = keyAt(home).seal('content', Buffer.alloc(0), [])
    expect(keyVersionOf(record)).toBe(1)
    expect(keyVersionOf(new Uint8Array(record))).toBe(1)
    for (const malformed of [
      Buffer.alloc(0),
      record.subarray(0, 32),
      Buffer.concat([Buffer.of(2), record.subarray(1)]),
    ]) {
      expect(await refusalOf(() => keyVersionOf(malformed))).toBe('ERR_SEAL_BROKEN')
    }
  })

  it('of another key are refused', async () => {
    const other = new DataKey(new Secret(randomBytes(32)), {
      tenantTag: home.tenant,
      subjectTag: home.subject,
      epoch: 1,
      version: 1,
    })
    const record = other.seal('content', plaintext, contextOf(home))
    expect(await refusalOf(() => openAt(home, record))).toBe('ERR_SEAL_BROKEN')
  })
})

describe('a secret', () => {
  it('takes 32 bytes over and leaves none behind', async () => {
    const whole = randomBytes(32)
    new Secret(whole)
    expect(whole).toEqual(Buffer.alloc(32))
    const short = randomBytes(16)
    expect(await refusalOf(() => new Secret(short))).toBe('ERR_SEAL_BROKEN')
    expect(short).toEqual(Buffer.alloc(16))
  })

  it('has an independent subkey for every purpose', () => {
    const secret = new Secret(Buffer.from(raw))
    const purposes: Purpose[] = ['content', 'details', 'entry', 'audit', 'name', 'policy', 'receipt']
    const labels: Field[][] = [['wrap'], ['commitment'], ['own'], ...purposes.map((purpose) => ['seal', purpose])]
    const derived = labels.map((label) => secret.derive(...label).toString('hex'))
    expect(new Set([raw.toString('hex'), ...derived]).size).toBe(labels.length + 1)
  })
})
