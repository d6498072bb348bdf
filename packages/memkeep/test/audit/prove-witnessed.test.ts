import { sign as ed25519, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { httpWitness } from '../../src/audit/drivers/http-witness.ts'
import { proveWitnessed, type WitnessedLog } from '../../src/audit/prove-witnessed.ts'
import type { Witness } from '../../src/audit/witness.ts'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import { cosign } from '../../src/proof/cosignature.ts'
import { formatNoteKey, noteKey } from '../../src/proof/note-key.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { formatSignature, parseNote } from '../../src/proof/signed-note.ts'
import type { LoopbackServer } from '../connectors/stand-ins/loopback-server.ts'
import { testSigner } from '../proof/test-signer.ts'
import { nodeHash, TiledLog } from '../proof/tiled-log.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { random, seed } from '../support/seed.ts'
import { WitnessServer } from './stand-ins/witness-server.ts'

const signer = testSigner('log')
const key = noteKey(sha256, 'memkeep.example/log', signer.publicKey)
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const witnessKey = noteKey(
  sha256,
  'witness.example/w',
  publicKey.export({ type: 'spki', format: 'der' }).subarray(-32),
  4,
)

const dir = mkdtempSync(join(tmpdir(), 'mk-proved-'))
const servers: LoopbackServer[] = []
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

/** A database's log, which can be copied as it stands and put back. */
class Database implements WitnessedLog {
  entries: string[] = []

  add(...entries: string[]): void {
    this.entries.push(...entries)
  }

  #tree() {
    const log = new TiledLog()
    for (const entry of this.entries) log.append(Buffer.from(entry))
    return log
  }

  async head(): Promise<string> {
    const size = this.entries.length
    const root = size === 0 ? nodeHash.empty() : await this.#tree().tree().root(size)
    return signCheckpoint({ size, root }, key, signer)
  }

  async consistency(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    return this.#tree().tree().consistency(oldSize, newSize)
  }
}

let made = 0
const log = { origin: key.name, keyId: Buffer.from(key.id), publicKey: Buffer.from(signer.publicKey) }

async function standIn(): Promise<{ server: WitnessServer; witness: Witness }> {
  const keys = { name: witnessKey.name, keyId: Buffer.from(witnessKey.id), privateKey }
  const server = new WitnessServer([log], keys, join(dir, `heads ${made++}.json`))
  const listening = await server.listen()
  servers.push(listening)
  return { server, witness: httpWitness({ url: listening.address, key: formatNoteKey(witnessKey) }) }
}

const kinds: [string, () => Promise<Witness>][] = [
  ['over HTTP', async () => (await standIn()).witness],
  ['in a file', async () => fileWitness({ path: join(dir, `heads ${made++}`) })],
]

describe.each(kinds)('a witness %s', (_, make) => {
  test('agrees to a log that grows, from the empty one, whatever the caller knows of it', async () => {
    console.log(`MEMKEEP_TEST_SEED=${seed}`)
    const next = random()
    const witness = await make()
    const database = new Database()
    let known = 0
    for (let round = 0; round < 25; round++) {
      const { size } = await proveWitnessed(witness, database, round % 3 === 0 ? 0 : known)
      expect(size).toBe(database.entries.length)
      known = size
      for (let n = Math.floor(next() * 40); n > 0; n--) database.add(`entry ${next()}`)
    }
  })

  test('a database that was set back is found out, however it grew since', async () => {
    const witness = await make()
    const database = new Database()
    database.add('a', 'b', 'c')
    await proveWitnessed(witness, database)
    const copy = [...database.entries]
    database.add('d', 'e')
    await proveWitnessed(witness, database)
    database.entries = copy
    for (const grown of [0, 1, 2, 3, 60]) {
      database.entries = [...copy, ...Array.from({ length: grown }, (_, n) => `other ${n}`)]
      const error = await errorOf(proveWitnessed(witness, database))
      expect(error.code, `grown by ${grown}`).toBe('ERR_STORE_ROLLED_BACK')
      expect(error.message).toContain('set back')
    }
    database.entries = []
    expect(await codeOf(proveWitnessed(witness, database))).toBe('ERR_STORE_ROLLED_BACK')
    database.entries = [...copy, 'd', 'e', 'f']
    expect((await proveWitnessed(witness, database)).size).toBe(6)
  })

  test('several at once, on a log that grows under them: none is told of a rollback', async () => {
    const witness = await make()
    const database = new Database()
    database.add('first')
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let n = 0; n < 10; n++) {
          database.add(`entry ${n}`)
          expect(['none', 'ERR_STORE_UNAVAILABLE']).toContain(await codeOf(proveWitnessed(witness, database)))
        }
      }),
    )
    expect((await proveWitnessed(witness, database)).size).toBe(41)
  })
})

test('without a witness, the set-back database is what any other is: its own head proves itself', async () => {
  const database = new Database()
  database.add('a', 'b', 'c')
  const forgetful: Witness = { name: 'none', add: async () => ({ outcome: 'seen', cosignatures: '' }) }
  await proveWitnessed(forgetful, database)
  database.entries = ['a']
  expect((await proveWitnessed(forgetful, database)).size).toBe(1)
})

test('what a witness says that it saw counts only with its signature', async () => {
  const { server, witness } = await standIn()
  const database = new Database()
  database.add('a')
  const { cosignatures } = await proveWitnessed(witness, database)
  expect(cosignatures).toMatch(/^\u2014 witness\.example\/w \S+\n$/u)
  server.broken = 'signs nothing'
  expect(await codeOf(proveWitnessed(witness, database, 1))).toBe('ERR_STORE_UNAVAILABLE')
  const lying: Witness = {
    ...witness,
    name: 'lying',
    add: async () => ({
      outcome: 'seen',
      cosignatures: cosignatures.replace(/.(?===\n)/, (last) => (last === 'A' ? 'B' : 'A')),
    }),
  }
  expect(await codeOf(proveWitnessed(lying, database, 1))).toBe('ERR_STORE_UNAVAILABLE')
  database.add('b')
  const replaying: Witness = { ...witness, name: 'replaying', add: async () => ({ outcome: 'seen', cosignatures }) }
  expect(await codeOf(proveWitnessed(replaying, database, 1))).toBe('ERR_STORE_UNAVAILABLE')
})

test('a witness that does not know the log proves nothing', async () => {
  const stranger: Witness = { name: 'stranger', add: async () => ({ outcome: 'unknown' }) }
  expect(await codeOf(proveWitnessed(stranger, new Database()))).toBe('ERR_STORE_UNSAFE')
})

test('of a witness that answers with two signatures the one that was read is kept', async () => {
  const database = new Database()
  database.add('one')
  const own = { publicKey: witnessKey.publicKey, sign: async (bytes: Uint8Array) => ed25519(null, bytes, privateKey) }
  const sign = async (checkpoint: string, at: number) =>
    formatSignature(await cosign(parseNote(checkpoint).text, witnessKey, own, at))
  const twofold: Witness = {
    name: 'twofold',
    key: formatNoteKey(witnessKey),
    add: async ({ checkpoint }) => ({
      outcome: 'seen',
      cosignatures: (await sign(checkpoint, 1000)) + (await sign(checkpoint, 2000)),
    }),
  }
  const seen = await proveWitnessed(twofold, database)
  expect(seen.cosignatures).toBe(await sign(seen.checkpoint, 1000))
})
