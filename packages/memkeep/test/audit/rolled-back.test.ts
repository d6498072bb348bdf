import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import type { Witness } from '../../src/audit/witness.ts'
import { productionSeams } from '../../src/core/seams.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { openPool } from '../../src/store/connect.ts'
import { Upkeep } from '../../src/upkeep/upkeep.ts'
import { codeOf } from '../support/code-of.ts'
import { SetBack } from './set-back.ts'
import { witnessAt } from './witness-at.ts'

const place = new SetBack()
const inFile = fileWitness({ path: join(place.dir, 'witnessed') })
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing) await close()
  await place[Symbol.asyncDispose]()
})

test('an old copy of the data directory, put back: without a witness it serves, with one it is refused', {
  timeout: 180_000,
}, async () => {
  await place.createTenant('acme')
  let vkey = ''
  {
    await using keep = await place.open()
    vkey = await keep.logKey()
  }
  const { witness: http, close } = await witnessAt(join(place.dir, 'heads.json'), [vkey])
  closing.push(close)
  const first = await place.use(inFile, 'before the copy')
  await place.use(http, 'before the copy too')
  await place.copyTo('old')
  const erased = await place.use(inFile, 'after the copy')
  await place.use(http, 'after the copy too')
  await place.copyTo('new')

  await place.setBackTo('old')
  {
    // The attack: what was written since is gone, the past is served, and nobody can tell.
    await using keep = await place.open()
    expect((await place.memory(keep).get(first))?.content).toBe('before the copy')
    expect(await place.memory(keep).get(erased)).toBeNull()
  }
  for (const witness of [inFile, http]) expect(await codeOf(place.open(witness))).toBe('ERR_STORE_ROLLED_BACK')
  // Growing past what was seen does not help.
  for (let n = 0; n < 3; n++) await place.use(undefined, `another past ${n}`)
  for (const witness of [inFile, http]) expect(await codeOf(place.open(witness))).toBe('ERR_STORE_ROLLED_BACK')

  await place.setBackTo('new')
  for (const witness of [inFile, http]) {
    await using keep = await place.open(witness)
    expect((await place.memory(keep).get(erased))?.content).toBe('after the copy')
  }
})

test('a witness whose file is gone or emptied is not taken for one that saw nothing', { timeout: 60_000 }, async () => {
  const away = `${inFile.file}.away`
  renameSync(inFile.file!, away)
  expect(await codeOf(place.open(inFile))).toBe('ERR_STORE_UNAVAILABLE')
  writeFileSync(inFile.file!, '')
  expect(await codeOf(place.open(inFile))).toBe('ERR_STORE_UNAVAILABLE')
  await place.setBackTo('old')
  expect(await codeOf(place.open(inFile))).toBe('ERR_STORE_ROLLED_BACK')
  const notes = join(place.dir, 'keys', 'store', 'guard')
  for (const note of readdirSync(notes)) if (note.startsWith('witnessed-')) rmSync(join(notes, note))
  {
    // The attack: the key store knows of nothing, and the past is served.
    await using keep = await place.open(inFile)
    expect(await place.memory(keep).list()).toMatchObject({ items: { length: 2 } })
  }
  renameSync(away, inFile.file!)
  await place.setBackTo('new')
  await (await place.open(inFile)).close()
})

test('upkeep finds out too, and a witness that is away keeps a keep from opening', { timeout: 60_000 }, async () => {
  const away: Witness = { name: 'away', add: async () => Promise.reject(new Error('away')) }
  await expect(place.open(away)).rejects.toThrow('away')
  let size: number | null = null
  const set: Witness = {
    name: 'a head that the database does not have',
    add: async () => (size === null ? { outcome: 'seen', cosignatures: '' } : { outcome: 'conflict', size }),
  }
  await using keep = await place.open(set)
  await keep.runUpkeep()
  size = 1e9
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_STORE_ROLLED_BACK')
  expect(await codeOf(() => place.memory(keep).list())).toBe('ERR_STORE_ROLLED_BACK')
})

test('upkeep asks the witness before it signs, and once refused signs nothing, also between passes', {
  timeout: 60_000,
}, async () => {
  // What `openMemkeep` runs by itself, beside every gate of the keep.
  await place.withEngine(async (engine) => {
    const settings = { ...engine.upkeep, max: 1 }
    const pool = openPool(settings, 'memkeep_upkeep', { embedded: true, acceptOldServer: true })
    const seams = { ...productionSeams, clock: place.clock }
    const keyring = new Keyring({ provider: place.keys.keys, store: place.keys.keyStore, ...seams })
    const refuses: Witness = { name: 'refuses', add: async () => ({ outcome: 'inconsistent' }) }
    const upkeep = new Upkeep(pool, keyring, seams, { witness: refuses })
    try {
      await upkeep.installKeys()
      await upkeep.sequence()
      await use(place, 'waits for its place')
      const waits = await upkeep.oldestWaiting()
      expect(waits).not.toBeNull()
      expect(await codeOf(upkeep.run())).toBe('ERR_STORE_ROLLED_BACK')
      for (const again of [() => upkeep.sequence(), () => upkeep.run()]) {
        expect(await codeOf(again)).toBe('ERR_STORE_ROLLED_BACK')
      }
      expect(await upkeep.oldestWaiting()).toEqual(waits)
    } finally {
      keyring.close()
      await pool.end()
    }
  })
})

/** As `SetBack.use`, without a pass of upkeep. */
async function use(at: SetBack, content: string): Promise<void> {
  await using keep = await at.open()
  await at.memory(keep).add(content, { actor: 'user' })
}

test('a witness below the database’s directory would be set back with it', async () => {
  expect(await codeOf(place.open(fileWitness({ path: join(place.data, 'heads') })))).toBe('ERR_STORE_UNSAFE')
})
