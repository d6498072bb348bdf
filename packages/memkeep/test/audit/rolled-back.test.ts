import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { backUpEmbedded, embedded, restoreEmbedded, stopEmbedded } from '@memkeep/embedded'
import { afterAll, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { httpWitness } from '../../src/audit/drivers/http-witness.ts'
import type { Witness } from '../../src/audit/witness.ts'
import { type Keep, openMemkeep } from '../../src/index.ts'
import { formatNoteKey, noteKey, parseNoteKey } from '../../src/proof/note-key.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { mintGrant, mintScope } from '../../src/trust.ts'
import type { LoopbackServer } from '../connectors/stand-ins/loopback-server.ts'
import { codeOf } from '../support/code-of.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { HandClock, hourMs } from '../support/hand-clock.ts'
import { keysAt } from '../support/keys-at.ts'
import { WitnessServer } from './stand-ins/witness-server.ts'

const dir = mkdtempSync(join(fastDirectory, 'mk-back-'))
const data = join(dir, 'db')
const clock = new HandClock()
const servers: LoopbackServer[] = []
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
  await stopEmbedded(data).catch(() => {})
  rmSync(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 })
})

const open = (witness?: Witness): Promise<Keep> =>
  openMemkeep({
    ...keysAt(join(dir, 'keys')),
    database: embedded({ dir: data, idleSeconds: 1 }),
    audit: { mergeDelaySeconds: 3600, ...(witness === undefined ? {} : { witness }) },
    seams: { clock },
  })

const memory = (keep: Keep) =>
  keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal: { id: 'svc', roles: ['agent'] } }))

/** Something happens, gets its place, and a tick of the deployment's log commits to it. */
async function use(witness: Witness | undefined, content: string): Promise<string> {
  await using keep = await open(witness)
  const { id } = await memory(keep).add(content, { actor: 'user' })
  clock.advance(hourMs)
  await keep.runUpkeep()
  return id
}

const copyTo = (name: string): Promise<void> => backUpEmbedded(data, join(dir, name))

async function setBackTo(name: string): Promise<void> {
  await stopEmbedded(data)
  rmSync(data, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 })
  await restoreEmbedded(join(dir, name), data)
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const witnessKey = noteKey(
  sha256,
  'witness.example/w',
  publicKey.export({ type: 'spki', format: 'der' }).subarray(-32),
  4,
)

/** A witness that was told the key of this deployment's log. */
async function overHttp(vkey: string): Promise<Witness> {
  const log = parseNoteKey(sha256, vkey)
  const known = { origin: log.name, keyId: Buffer.from(log.id), publicKey: Buffer.from(log.publicKey) }
  const keys = { name: witnessKey.name, keyId: Buffer.from(witnessKey.id), privateKey }
  const server = await new WitnessServer([known], keys, join(dir, 'heads.json')).listen()
  servers.push(server)
  return httpWitness({ url: server.address, key: formatNoteKey(witnessKey) })
}

test('an old copy of the data directory, put back: without a witness it serves, with one it is refused', {
  timeout: 180_000,
}, async () => {
  let vkey = ''
  {
    await using keep = await open()
    await keep
      .privileged(
        mintGrant({ principal: { id: 'o', roles: [] }, rights: ['tenants'], reason: 'a test', ttlSeconds: 600 }),
      )
      .tenants.create('acme')
    vkey = await keep.logKey()
  }
  const inFile = fileWitness({ path: join(dir, 'witnessed') })
  const http = await overHttp(vkey)
  const first = await use(inFile, 'before the copy')
  await use(http, 'before the copy too')
  await copyTo('old')
  const erased = await use(inFile, 'after the copy')
  await use(http, 'after the copy too')
  await copyTo('new')

  await setBackTo('old')
  {
    // The attack: what was written since is gone, the past is served, and nobody can tell.
    await using keep = await open()
    expect((await memory(keep).get(first))?.content).toBe('before the copy')
    expect(await memory(keep).get(erased)).toBeNull()
  }
  for (const witness of [inFile, http]) expect(await codeOf(open(witness))).toBe('ERR_STORE_ROLLED_BACK')
  // Growing past what was seen does not help.
  for (let n = 0; n < 3; n++) await use(undefined, `another past ${n}`)
  for (const witness of [inFile, http]) expect(await codeOf(open(witness))).toBe('ERR_STORE_ROLLED_BACK')

  await setBackTo('new')
  for (const witness of [inFile, http]) {
    await using keep = await open(witness)
    expect((await memory(keep).get(erased))?.content).toBe('after the copy')
  }
})

test('upkeep finds out too, and a witness that is away keeps a keep from opening', { timeout: 60_000 }, async () => {
  const away: Witness = { name: 'away', add: async () => Promise.reject(new Error('away')) }
  await expect(open(away)).rejects.toThrow('away')
  let size: number | null = null
  const set: Witness = {
    name: 'a head that the database does not have',
    add: async () => (size === null ? { outcome: 'seen', cosignatures: '' } : { outcome: 'conflict', size }),
  }
  await using keep = await open(set)
  await keep.runUpkeep()
  size = 1e9
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_STORE_ROLLED_BACK')
  expect(await codeOf(() => memory(keep).list())).toBe('ERR_STORE_ROLLED_BACK')
})

test('a witness below the database’s directory would be set back with it', async () => {
  expect(await codeOf(open(fileWitness({ path: join(data, 'heads') })))).toBe('ERR_STORE_UNSAFE')
})
