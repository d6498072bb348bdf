import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { httpWitness } from '../../src/audit/drivers/http-witness.ts'
import type { Witness } from '../../src/audit/witness.ts'
import { testWitness, type WitnessPlace } from '../../src/conformance/witness.ts'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import { formatNoteKey, noteKey } from '../../src/proof/note-key.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { deadAddress, LoopbackServer } from '../connectors/stand-ins/loopback-server.ts'
import { testSigner } from '../proof/test-signer.ts'
import { codeOf } from '../support/code-of.ts'
import { random, seed } from '../support/seed.ts'
import { WitnessServer } from './stand-ins/witness-server.ts'

const signer = testSigner('log')
const key = noteKey(sha256, 'memkeep.example/log', signer.publicKey)
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const raw = (of: KeyObject): Buffer => of.export({ type: 'spki', format: 'der' }).subarray(-32)
const witnessKey = noteKey(sha256, 'witness.example/w', raw(publicKey), 4)

const dir = mkdtempSync(join(tmpdir(), 'mk-witness-'))
const servers: LoopbackServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

let made = 0
function standIn(): WitnessServer {
  const log = { origin: key.name, keyId: Buffer.from(key.id), publicKey: Buffer.from(signer.publicKey) }
  const keys = { name: witnessKey.name, keyId: Buffer.from(witnessKey.id), privateKey }
  return new WitnessServer([log], keys, join(dir, `heads ${made++}.json`))
}

async function over(server: WitnessServer): Promise<Witness> {
  const listening = await server.listen()
  servers.push(listening)
  return httpWitness({ url: `${listening.address}/some/prefix`, key: formatNoteKey(witnessKey) })
}

async function httpPlace(server = standIn()): Promise<WitnessPlace> {
  return { witness: await over(server), again: await over(server), key, signer }
}

async function filePlace(): Promise<WitnessPlace & { readonly path: string }> {
  const path = join(dir, `heads ${made++}.ndjson`)
  return { witness: fileWitness({ path }), again: fileWitness({ path }), key, signer, path }
}

describe('a witness over HTTP', () => {
  test('keeps what a witness promises', () => testWitness(httpPlace))

  test.each([
    ['agrees to everything', /^another old size than what it saw/],
    ['forgets', /^the same head again/],
  ] as const)('one that %s is found out by the suite', async (broken, by) => {
    const place = async () => {
      const server = standIn()
      server.broken = broken
      return httpPlace(server)
    }
    await expect(testWitness(place)).rejects.toThrow(by)
  })

  const empty = async () => ({
    oldSize: 0,
    proof: [],
    checkpoint: await signCheckpoint({ size: 1, root: Buffer.alloc(32) }, key, signer),
  })

  test('signs what it saw', async () => {
    const { witness } = await httpPlace()
    expect(await witness.add(await empty())).toEqual({
      outcome: 'seen',
      cosignatures: expect.stringMatching(/^\u2014 witness\.example\/w [A-Za-z0-9+/]{102}==\n$/u),
    })
  })

  test('knows neither another log nor another key of this one', async () => {
    const { witness } = await httpPlace()
    const stranger = testSigner('stranger')
    for (const name of [key.name, 'memkeep.example/other']) {
      const other = noteKey(sha256, name, stranger.publicKey)
      const checkpoint = await signCheckpoint({ size: 1, root: Buffer.alloc(32) }, other, stranger)
      expect(await witness.add({ oldSize: 0, proof: [], checkpoint })).toEqual({ outcome: 'unknown' })
    }
  })

  test.each([
    ['an error', { status: 500, body: 'no' }],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example/' } }],
    ['a conflict without a size', { status: 409, body: 'so what\n' }],
    ['a conflict with a size that is none', { status: 409, body: '007\n' }],
    ['an answer that does not end', { status: 200, body: 'x'.repeat(100_000) }],
    ['nothing that HTTP knows', { status: 204 }],
  ])('that answers with %s gave no answer', async (_, answer) => {
    const server = await LoopbackServer.start(() => answer)
    servers.push(server)
    const witness = httpWitness({ url: server.address, key: formatNoteKey(witnessKey) })
    expect(await codeOf(witness.add(await empty()))).toBe('ERR_STORE_UNAVAILABLE')
  })

  test('that is not there, or is slow, is no answer either', async () => {
    const there = { key: formatNoteKey(witnessKey) }
    expect(await codeOf(httpWitness({ url: await deadAddress(), ...there }).add(await empty()))).toBe(
      'ERR_STORE_UNAVAILABLE',
    )
    const server = await LoopbackServer.start(() => new Promise(() => {}))
    servers.push(server)
    const slow = httpWitness({ url: server.address, timeoutMs: 50, ...there })
    expect(await codeOf(slow.add(await empty()))).toBe('ERR_STORE_UNAVAILABLE')
  })

  test('is reached over TLS, or on this machine', () => {
    for (const url of ['http://witness.example/', 'ftp://127.0.0.1/', 'witness.example', ''])
      expect(() => httpWitness({ url, key: '' })).toThrow(/begins with https/)
    for (const url of ['https://witness.example/w', 'http://127.0.0.1:1/', 'http://[::1]:1'])
      expect(httpWitness({ url, key: '' }).name).toBe(new URL(url).origin)
  })
})

describe('a file', () => {
  test('keeps what a witness promises', () => testWitness(filePlace))

  const head = async (size: number, fill: number) => signCheckpoint({ size, root: Buffer.alloc(32, fill) }, key, signer)
  const first = async () => ({ oldSize: 0, proof: [], checkpoint: await head(1, 1) })

  test('is added to, and never written over', async () => {
    const { witness, path } = await filePlace()
    await witness.add(await first())
    const before = readFileSync(path, 'utf8')
    expect(await witness.add({ oldSize: 1, proof: [], checkpoint: await head(1, 1) })).toMatchObject({
      outcome: 'seen',
    })
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(JSON.parse(before)).toMatchObject({ checkpoint: await head(1, 1) })
  })

  test('that a crash has torn at any byte of its last line remembers the line before, and goes on', async () => {
    const { witness, path } = await filePlace()
    await witness.add(await first())
    const whole = readFileSync(path)
    const line = JSON.stringify({ at: 1, checkpoint: await head(9, 2) })
    for (let cut = 0; cut < line.length; cut += 7) {
      writeFileSync(path, whole)
      appendFileSync(path, line.slice(0, cut))
      expect(await witness.add({ oldSize: 0, proof: [], checkpoint: await head(5, 3) })).toEqual({
        outcome: 'conflict',
        size: 1,
      })
      const other = noteKey(sha256, 'memkeep.example/other', signer.publicKey)
      const checkpoint = await signCheckpoint({ size: 2, root: Buffer.alloc(32) }, other, signer)
      expect(await witness.add({ oldSize: 0, proof: [], checkpoint })).toMatchObject({ outcome: 'seen' })
      expect(await witness.add({ oldSize: 0, proof: [], checkpoint })).toEqual({ outcome: 'conflict', size: 2 })
    }
  })

  test('that has grown remembers a log whose last head stands far back', async () => {
    const { witness, path } = await filePlace()
    await witness.add(await first())
    const other = noteKey(sha256, 'memkeep.example/other', signer.publicKey)
    for (let size = 1; size <= 600; size++) {
      const checkpoint = await signCheckpoint({ size, root: Buffer.alloc(32) }, other, signer)
      appendFileSync(path, `${JSON.stringify({ at: 1, checkpoint })}\n`)
    }
    expect(await witness.add({ oldSize: 0, proof: [], checkpoint: await head(5, 3) })).toEqual({
      outcome: 'conflict',
      size: 1,
    })
  })

  test('is read in blocks: wherever a line lies in them, the last block that has heads of a log is found', async () => {
    console.log(`seed ${seed}`)
    const draw = random()
    const { witness, path } = await filePlace()
    const line = async (origin: string, size: number) => {
      const of = noteKey(sha256, origin, signer.publicKey)
      const checkpoint = await signCheckpoint({ size, root: Buffer.alloc(32) }, of, signer)
      return `${JSON.stringify({ at: 1, checkpoint })}\n`
    }
    for (let round = 0; round < 40; round++) {
      const [before, between] = [Math.floor(draw() * 200_000), Math.floor(draw() * 200_000)]
      // What is no head, of any length: one line, and many.
      const noise = (bytes: number) =>
        draw() < 0.5 ? `${'x'.repeat(bytes)}\n` : `${'y'.repeat(99)}\n`.repeat(bytes / 100)
      const [older, newer] = [await line(key.name, 3), await line(key.name, 4)]
      const others = (await line('memkeep.example/other', 9)).repeat(Math.floor(draw() * 3))
      writeFileSync(path, older + noise(before) + newer + others + noise(between) + others)
      expect(await witness.last!(key.name), `${before}, ${between}`).toBe(JSON.parse(newer).checkpoint)
    }
    writeFileSync(path, 'x'.repeat(300_000))
    expect(await witness.last!(key.name)).toBeNull()
  })

  test('that cannot be written gives no answer', async () => {
    const { path } = await filePlace()
    writeFileSync(path, '')
    truncateSync(path)
    expect(await codeOf(fileWitness({ path: join(path, 'below a file') }).add(await first()))).toBe(
      'ERR_STORE_UNAVAILABLE',
    )
  })
})
