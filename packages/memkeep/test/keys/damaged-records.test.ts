import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MemkeepError } from '../../src/core/errors.ts'
import { damagedKeyOf } from '../../src/keys/damaged-key.ts'
import { unopenedRecords } from '../../src/keys/inspect-records.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import type { Keyring } from '../../src/keys/keyring.ts'
import { formatCheckpoint } from '../../src/proof/checkpoint.ts'
import { keyPlace } from './key-place.ts'

// A record file that is damaged fails whatever needs it, in a code and by its name: never in a parser's words, and never as if
// there were no such key.

const line = 1
const witness = 'https://witness.example'
const origin = 'memkeep.example/log'

/** A ring that made a record of every kind, among them a subject's that was erased. */
async function filled(ring: Keyring) {
  const { keys } = await ring.createTenant('acme')
  const [ana, ben] = [keys.subjectTag('ana'), keys.subjectTag('ben')]
  await keys.forWriting(ana)
  await keys.forWriting(ben)
  await ring.tokenKey(1)
  await ring.logKey(keys.tag, line)
  await ring.setGuardHead('a head')
  await ring.setLogLine(line)
  await ring.setWitnessedSize(witness, origin, 7)
  await ring.noteHeads(
    line,
    new Map([[keys.tag.toString('hex'), formatCheckpoint({ origin, size: 1, root: Buffer.alloc(32) })]]),
  )
  await ring.destruction.deleteRecords({ tenant: keys.tag, subject: ben }, 1)
  return { tag: keys.tag, ana, ben }
}

type Filled = Awaited<ReturnType<typeof filled>>

/** What reads the records of each kind, with nothing held. */
const reads: { [kind: string]: (ring: Keyring, of: Filled) => Promise<unknown> } = {
  'generation/1': (ring) => ring.tokenKey(1),
  'deployment/tag': (ring) => ring.tenantTag('acme'),
  'deployment/token': (ring) => ring.tokenKey(1),
  'deployment/log': (ring, { tag }) => ring.logKey(tag, line),
  'tenant/T/tag': (ring, { tag }) => ring.tenantByTag(tag),
  'tenant/T/wrap/1': async (ring, { tag, ana }) => (await ring.tenantByTag(tag)).forOpening(ana, 1, 1),
  'tenant/T/1/1': async (ring, { tag }) => (await ring.tenantByTag(tag)).own(),
  'subject/T/S/1/1': async (ring, { tag, ana }) => (await ring.tenantByTag(tag)).forOpening(ana, 1, 1),
  'subject/T/S/erased/1': (ring, { tag, ben }) => ring.destruction.replaceWraps({ tenant: tag, subject: ben }, 1),
  'guard/head': (ring) => ring.guardHead(),
  'guard/line': (ring) => ring.logLine(),
  'guard/witnessed': (ring) => ring.witnessedSize(witness, origin),
  'guard/heads': (ring) => ring.notedHeads(line),
}

function kindOf(name: string): string {
  return name
    .replace(/^guard\/heads\/..$/, 'guard/heads')
    .replace(/^guard\/witnessed-.+$/, 'guard/witnessed')
    .replace(/^(tenant|subject)\/[0-9a-f]{32}\//, '$1/T/')
    .replace(/^subject\/T\/[0-9a-f]{32}\//, 'subject/T/S/')
}

/** What a disk, an editor or a half-done copy leaves of a record. */
const damages: { [what: string]: (whole: string) => string } = {
  garbage: () => 'garbage',
  nothing: () => '',
  'a torn write': (whole) => whole.slice(0, whole.length / 2),
  'another format': (whole) => whole.replace('"v":1', '"v":2'),
  null: () => 'null',
  'a list': () => '[1]',
  'words of another shape': () => '{"v":1,"size":"many","line":"x","head":{},"generation":"one"}',
}

test('every kind of record is read here', async () => {
  const place = keyPlace()
  await filled(place.openRing())
  const kinds = new Set((await place.store.list('')).map(kindOf))
  expect([...kinds].sort()).toEqual(Object.keys(reads).sort())
})

test.each(Object.keys(reads))('%s', async (kind) => {
  const place = keyPlace()
  const of = await filled(place.openRing())
  const name = (await place.store.list('')).find((each) => kindOf(each) === kind)!
  const path = join(place.directory, 'store', `${name}.json`)
  const whole = readFileSync(path, 'utf8')
  await expect(reads[kind]!(place.openRing(), of)).resolves.toBeDefined()
  for (const [what, damage] of Object.entries(damages)) {
    writeFileSync(path, damage(whole))
    const error = await reads[kind]!(place.openRing(), of).catch((thrown: unknown) => thrown)
    expect(error, what).toBeInstanceOf(MemkeepError)
    expect(error, what).toMatchObject({ code: 'ERR_SEAL_BROKEN', retryable: false })
    expect(damagedKeyOf(error), what).toBe(name)
    expect((error as Error).message).not.toContain(of.tag.toString('hex'))
  }
  writeFileSync(path, whole)
  await expect(reads[kind]!(place.openRing(), of)).resolves.toBeDefined()
})

/** Kinds that whoever looks a key store over opens, and whether every tenant stands on one. */
const inspected = new Map([
  ...['generation/1', 'deployment/tag', 'deployment/token', 'deployment/log'].map((kind) => [kind, true] as const),
  ...['guard/head', 'guard/line', 'guard/witnessed', 'guard/heads'].map((kind) => [kind, true] as const),
  ...['tenant/T/tag', 'tenant/T/wrap/1', 'tenant/T/1/1'].map((kind) => [kind, false] as const),
])

test.each(Object.keys(reads))('an inspection: %s', async (kind) => {
  const place = keyPlace()
  await filled(place.openRing())
  expect(await unopenedRecords(place.provider, place.store)).toEqual({ ofAll: [], ofTenants: [] })
  const name = (await place.store.list('')).find((each) => kindOf(each) === kind)!
  writeFileSync(join(place.directory, 'store', `${name}.json`), 'garbage')
  const found = await unopenedRecords(place.provider, place.store)
  const damaged = [{ record: name, code: 'ERR_SEAL_BROKEN' }]
  const ofAll = inspected.get(kind)
  expect(found.ofTenants).toEqual(ofAll === false ? damaged : [])
  expect(found.ofAll).toEqual(ofAll === true ? damaged : [])
})

test('an inspection tells of a key store that cannot be reached, whatever its driver throws', async () => {
  const place = keyPlace()
  await filled(place.openRing())
  for (const error of [
    new MemkeepError('ERR_KEY_UNAVAILABLE', 'away', { retryable: true }),
    new TypeError('a fault'),
  ]) {
    const store: KeyStore = { ...bound(place.store), get: () => Promise.reject(error) }
    const { ofAll, ofTenants } = await unopenedRecords(place.provider, store)
    expect(new Set(ofAll.map(({ code }) => code))).toEqual(new Set(['ERR_KEY_UNAVAILABLE']))
    expect(ofTenants).toEqual([])
  }
})

/** Its methods without itself, to put others among them. */
function bound(store: KeyStore): KeyStore {
  return {
    get: (name) => store.get(name),
    putIfAbsent: (name, record) => store.putIfAbsent(name, record),
    replace: (name, ...rest) => store.replace(name, ...rest),
    delete: (name) => store.delete(name),
    list: (prefix) => store.list(prefix),
  } as KeyStore
}
