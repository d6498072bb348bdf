import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryColdTier } from '../../src/audit/drivers/directory-cold-tier.ts'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { directoryErasureLedger } from '../../src/erasure/drivers/directory-erasure-ledger.ts'
import { directoryKeyStore } from '../../src/keys/drivers/directory-key-store.ts'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import { noteKey } from '../../src/proof/note-key.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { testSigner } from '../proof/test-signer.ts'

// What is said to be on disk is there before it is said: Node is watched as it syncs, and what stands where is looked at in that moment.

let dir = ''
let syncs: { readonly path: string; readonly state: string }[] = []
let stateOf: (path: string) => string = () => ''
let unwatch = () => {}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mk-synced-'))
  syncs = []
  const any = await open(dir, 'r')
  const handles: Pick<FileHandle, 'sync'> = Object.getPrototypeOf(any)
  await any.close()
  const { sync } = handles
  handles.sync = async function (this: FileHandle) {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`)
    const state = stateOf(path)
    await sync.call(this)
    // Once it is done: what is not waited for comes too late.
    syncs.push({ path, state })
  }
  unwatch = () => {
    handles.sync = sync
  }
})
afterEach(() => {
  unwatch()
  rmSync(dir, { recursive: true })
})

/** What a sync of this path makes durable: a file's bytes, or what the place holds that a directory names. */
function watch(place: string): void {
  stateOf = (path) => {
    const now = existsSync(place) ? readFileSync(place, 'utf8') : 'nothing'
    return statSync(path).isDirectory() ? now : `${readFileSync(path, 'utf8')} beside ${now}`
  }
}

/** Paths of directories that were synced. */
const directories = () =>
  syncs.map(({ path }) => path).filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())

test('a line of the erasure ledger, and its place', async () => {
  const at = join(dir, 'made/ledger')
  const ledger = directoryErasureLedger({ dir: at })
  watch(join(at, '0000000001.json'))
  expect(await ledger.put(1, 'whom')).toBe(true)
  expect(syncs.slice(-2).map(({ state }) => state)).toEqual(['whom beside nothing', 'whom'])
  // The directories that it made stand in those above.
  expect(directories()).toEqual([join(dir, 'made'), dir, at])
  syncs = []
  await ledger.replace(1, 'a hash')
  expect(syncs.map(({ state }) => state)).toEqual(['a hash beside whom', 'a hash'])
})

test('a record of the key store, its place and its end', async () => {
  const at = join(dir, 'keys')
  const store = directoryKeyStore({ dir: at })
  await store.list('')
  syncs = []
  watch(join(at, 'deployment/tag.json'))
  expect(await store.putIfAbsent('deployment/tag', Buffer.from('a key'))).toBe(true)
  expect(syncs.map(({ state }) => state)).toContain('a key beside nothing')
  expect(syncs.at(-1)).toEqual({ path: join(at, 'deployment'), state: 'a key' })
  expect(await store.delete('deployment/tag')).toBe(true)
  expect(syncs.at(-1)).toEqual({ path: join(at, 'deployment'), state: 'nothing' })
})

test('a head that a file witnesses', async () => {
  const signer = testSigner('log')
  const key = noteKey(sha256, 'memkeep.example/log', signer.publicKey)
  const path = join(dir, 'heads.ndjson')
  const witness = fileWitness({ path })
  watch(path)
  const shown = await signCheckpoint({ size: 1, root: new Uint8Array(32).fill(1) }, key, signer)
  expect(await witness.add({ oldSize: 0, proof: [], checkpoint: shown })).toMatchObject({ outcome: 'seen' })
  expect(syncs.map((sync) => sync.path)).toEqual([path, dir])
  expect(JSON.parse(syncs[1]!.state)).toMatchObject({ checkpoint: shown })
  expect(syncs[0]!.state.startsWith(syncs[1]!.state)).toBe(true)
})

test('a file of the cold tier, and its place', async () => {
  const root = join(dir, 'made/cold')
  const name = `${'0a'.repeat(16)}/1-0-256.ndjson.zst`
  watch(join(root, name))
  await directoryColdTier({ dir: root }).put(name, Buffer.from('reads'))
  expect(syncs.slice(-2).map(({ state }) => state)).toEqual(['reads beside nothing', 'reads'])
  expect(directories()).toEqual([root, join(dir, 'made'), dir, join(root, '0a'.repeat(16))])
})
