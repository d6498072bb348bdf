import assert from 'node:assert/strict'
import type { KeyStore } from '../keys/key-store.ts'
import { expectRefusal } from './refusal.ts'

export interface KeyStorePlace {
  /** Empty. */
  readonly store: KeyStore
  /** The same store, reached as another process would reach it. */
  readonly again: KeyStore
}

/** Tries everything that a `KeyStore` promises. `make` is called for each check. Throws at the first promise that is not kept. */
export async function testKeyStore(make: () => Promise<KeyStorePlace>): Promise<void> {
  const checks = [keepsRecords, keepsBytes, listsNames, refusesNames, hasOneWinner, replacesWhole, survivesDeletions]
  for (const check of checks) await check(await make())
}

const text = (value: string) => Buffer.from(value)

async function keepsRecords({ store, again }: KeyStorePlace): Promise<void> {
  assert.equal(await store.get('a/b'), null, 'no record is null')
  assert.equal(await store.delete('a/b'), false, 'deleting nothing is false')
  assert.equal(await store.putIfAbsent('a/b', text('1')), true)
  assert.equal(await again.putIfAbsent('a/b', text('2')), false, 'something stands there')
  assert.deepEqual(await again.get('a/b'), text('1'), 'what stands there is left as it is, and others read it')
  await again.replace('a/b', text('3'))
  assert.deepEqual(await store.get('a/b'), text('3'), 'replaced')
  await store.replace('c', text('4'))
  assert.deepEqual(await again.get('c'), text('4'), 'replace puts where nothing stood')
  assert.equal(await again.delete('a/b'), true)
  assert.equal(await store.get('a/b'), null, 'deleted')
  assert.equal(await store.putIfAbsent('a/b', text('5')), true, 'a name is free again')
}

async function keepsBytes({ store }: KeyStorePlace): Promise<void> {
  const large = Buffer.alloc(64 * 1024, Buffer.from(Uint8Array.from({ length: 256 }, (_, n) => n)))
  const records: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['large', large],
  ]
  for (const [name, record] of records) {
    await store.putIfAbsent(name, record)
    assert.deepEqual(await store.get(name), record, 'every byte is kept')
  }
  const given = text('given')
  await store.putIfAbsent('own', given)
  given.fill(0)
  const got = await store.get('own')
  assert.deepEqual(got, text('given'), 'the caller’s buffer is not kept')
  got?.fill(0)
  assert.deepEqual(await store.get('own'), text('given'), 'the buffer handed out is the caller’s own')
}

async function listsNames({ store, again }: KeyStorePlace): Promise<void> {
  assert.deepEqual(await store.list(''), [], 'an empty store')
  const names = ['t', 't/1/1', 't/1/10', 't/1/2', 't/10/1', 't1/1', 'u/tag']
  for (const name of names.toReversed()) await store.putIfAbsent(name, text(name))
  assert.deepEqual(await again.list(''), names.toSorted(), 'all names, sorted; a name may also begin others')
  assert.deepEqual(await again.list('t/'), ['t/1/1', 't/1/10', 't/1/2', 't/10/1'], 'a prefix ends at its slash')
  assert.deepEqual(await again.list('t/1/'), ['t/1/1', 't/1/10', 't/1/2'])
  assert.deepEqual(await again.list('nobody/'), [], 'nothing below')
}

async function refusesNames({ store }: KeyStorePlace): Promise<void> {
  const malformed = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    '../a',
    'a/../b',
    'A',
    'a.b',
    'a b',
    'a\0',
    'é',
    'a\\b',
    'a\n',
    'a'.repeat(201),
  ]
  const refused = (call: () => Promise<unknown>) => expectRefusal('ERR_INPUT_INVALID', 'a malformed name', call)
  for (const name of malformed) {
    await refused(() => store.get(name))
    await refused(() => store.putIfAbsent(name, text('x')))
    await refused(() => store.replace(name, text('x')))
    await refused(() => store.delete(name))
    if (name !== '') await refused(() => store.list(`${name}/`))
  }
  await refused(() => store.list('a'))
  assert.deepEqual(await store.list(''), [], 'nothing was put')
  const longest = `${'a/'.repeat(99)}aa`
  assert.equal(await store.putIfAbsent(longest, text('x')), true, 'a name of 200 characters')
  assert.deepEqual(await store.list(''), [longest])
}

async function hasOneWinner({ store, again }: KeyStorePlace): Promise<void> {
  for (let round = 0; round < 10; round++) {
    const name = `race/${round}`
    const put = (n: number) => (n % 2 === 0 ? store : again).putIfAbsent(name, text(`${n}`))
    const won = await Promise.all(Array.from({ length: 10 }, (_, n) => put(n)))
    assert.equal(won.filter(Boolean).length, 1, 'exactly one put wins')
    assert.deepEqual(await again.get(name), text(`${won.indexOf(true)}`), 'the winner’s record stands')
  }
}

async function replacesWhole({ store, again }: KeyStorePlace): Promise<void> {
  const records = ['a', 'b'].map((letter) => text(letter.repeat(256 * 1024)))
  await store.replace('record', records[0]!)
  let writing = true
  const write = async () => {
    for (let n = 1; n <= 100; n++) await store.replace('record', records[n % 2]!)
    writing = false
  }
  const read = async () => {
    while (writing) {
      const seen = await again.get('record')
      assert.ok(
        records.some((record) => seen?.equals(record)),
        'a reader sees one record or the other, whole',
      )
    }
  }
  await Promise.all([write(), read(), read(), read()])
}

async function survivesDeletions({ store, again }: KeyStorePlace): Promise<void> {
  const work = async (view: KeyStore, name: string) => {
    for (let n = 0; n < 25; n++) {
      assert.equal(await view.putIfAbsent(name, text(name)), true, 'a put beside deletions')
      assert.equal(await view.delete(name), true, 'a deletion beside puts')
    }
  }
  await Promise.all([work(store, 'x/y/1'), work(again, 'x/y/2'), work(again, 'x/z/3')])
  assert.deepEqual(await store.list(''), [])
}
