import { spawnSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeSha256 } from '../../src/audit/node-sha256.ts'
import type { FinishedErasure } from '../../src/index.ts'
import { type ErasurePredicate, erasurePredicate } from '../../src/proof/attestation.ts'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import { decodeEnvelope, encodeEnvelope, openEnvelope, signEnvelope } from '../../src/proof/dsse.ts'
import { decodeStatement, encodeStatement, inTotoType } from '../../src/proof/in-toto-statement.ts'
import { formatInclusionFile } from '../../src/proof/inclusion-file.ts'
import { encodeLeaf, type LedgerLeaf } from '../../src/proof/ledger-leaf.ts'
import { formatNoteKey, noteKey, parseNoteKey } from '../../src/proof/note-key.ts'
import { TreeHash } from '../../src/proof/tree-hash.ts'
import { verifyAttestation } from '../../src/verify.ts'
import { adminOf, adminOfTenant, finished } from '../support/erasing.ts'
import { random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let report: FinishedErasure
let ofTenant: FinishedErasure
/** The verifier keys of the two tenants' logs, as an auditor has them from the checkpoints. */
let key: string
let foreignKey: string

beforeAll(async () => {
  store = await TestKeep.start()
  for (const tenant of ['acme', 'globex']) {
    await store.memory({ tenant }).add('one', { actor: 'user' })
    await store.memory({ tenant, subject: 'ben' }).add('two', { actor: 'user' })
  }
  report = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  const auditor = (tenant: string) => store.keep.for(adminOfTenant(tenant)).audit.checkpoint()
  key = (await auditor('acme'))!.key
  foreignKey = (await auditor('globex'))!.key
  const whole = { reason: 'contract-end', confirm: 'globex' } as const
  ofTenant = await finished(store, await store.keep.eraseTenant(adminOfTenant('globex'), whole))
})
afterAll(() => store?.[Symbol.asyncDispose]())

const invalid = expect.objectContaining({ code: 'ERR_PROOF_INVALID' })

test('an attestation is verified offline, and says what the report says', async () => {
  const shown = await verifyAttestation(report.attestation, { key })
  expect([shown.keyGiven, shown.scopeShown, shown.key]).toEqual([true, false, key])
  const { id, kind, stores, residue, notCovered, planDigest, keysDestroyed, scopeCommit } = shown.predicate
  expect({ id, kind, stores, residue, notCovered, planDigest, keysDestroyed, scopeCommit }).toEqual({
    id: report.id,
    kind: 'subject',
    stores: report.stores,
    residue: report.residue,
    notCovered: report.notCovered,
    planDigest: report.planDigest,
    keysDestroyed: 1,
    scopeCommit: report.scopeCommit,
  })
  expect(shown.predicate.requestedBy).toBe('principal')
  expect(shown.leaf).toMatchObject({ op: 'erasure.verified', outcome: 'ok', seq: shown.predicate.log.index })
  const unpinned = await verifyAttestation(report.attestation)
  expect(unpinned.keyGiven).toBe(false)
})

test('the barrier is at least the lease before the leaf, and the plan is what was found', async () => {
  const { leaf, predicate } = await verifyAttestation(report.attestation, { key })
  expect(leaf.at - Date.parse(predicate.barrierAt)).toBeGreaterThanOrEqual(300_000)
  expect(predicate.stores.find(({ name }) => name === 'memory')).toEqual({ name: 'memory', deleted: 1, remaining: 0 })
})

describe('openssl, by the lines of docs/erasure.md', () => {
  const docs = readFileSync(new URL('../../../../docs/erasure.md', import.meta.url), 'utf8')
  const [, lines] = /```sh\n(field\(\)[\s\S]+?)```/.exec(docs)!

  /** Exit code, and what was signed as the lines leave it. */
  function check(attestation: string, KEY: string): [number | null, string] {
    const cwd = mkdtempSync(join(tmpdir(), 'memkeep-attestation-'))
    try {
      writeFileSync(join(cwd, 'attestation.json'), attestation)
      const env = { ...process.env, KEY }
      const { status } = spawnSync('bash', ['-euo', 'pipefail', '-c', lines!], { cwd, env })
      return [status, readFileSync(join(cwd, 'statement.json'), 'utf8')]
    } finally {
      rmSync(cwd, { recursive: true })
    }
  }

  test('accepts those of a subject and of a tenant, under the key of its log', () => {
    for (const [made, of] of [
      [report, key],
      [ofTenant, foreignKey],
    ] as const) {
      const [status, statement] = check(made.attestation, of)
      expect(status).toBe(0)
      expect(JSON.parse(statement).predicate.id).toBe(made.id)
    }
  })

  test('refuses another key, another statement and another signature', () => {
    expect(check(report.attestation, foreignKey)[0]).toBe(1)
    const { payload, signatures, payloadType } = JSON.parse(report.attestation)
    const other = Buffer.from(Buffer.from(payload, 'base64').toString().replace('"remaining":0', '"remaining":1'))
    expect(other.equals(Buffer.from(payload, 'base64'))).toBe(false)
    const said = { payload: other.toString('base64'), payloadType, signatures }
    expect(check(JSON.stringify(said), key)[0]).toBe(1)
    const [{ sig }] = JSON.parse(ofTenant.attestation).signatures
    const signed = { payload, payloadType, signatures: [{ ...signatures[0], sig }] }
    expect(check(JSON.stringify(signed), key)[0]).toBe(1)
    expect(check(JSON.stringify({ payload, payloadType, signatures }, null, 2), key)[0]).toBe(0)
  })
})

test('whom it is about shows to who has the salt and the ids, and to nobody else', async () => {
  const scope = { tenant: 'acme', subject: 'ana', salt: report.salt }
  expect((await verifyAttestation(report.attestation, { key, scope })).scopeShown).toBe(true)
  for (const other of [
    { ...scope, subject: 'ben' },
    { ...scope, tenant: 'acm', subject: 'eana' },
    { ...scope, subject: null },
    { ...scope, salt: ofTenant.salt },
    { ...scope, salt: '' },
  ]) {
    await expect(verifyAttestation(report.attestation, { key, scope: other })).rejects.toEqual(invalid)
  }
  const text = Buffer.from(decodeEnvelope(Buffer.from(report.attestation)).payload).toString('utf8')
  for (const told of ['acme', '"ana"', report.salt]) expect(text).not.toContain(told)
})

test("a whole tenant's is signed in its own log, though its keys are gone", async () => {
  const scope = { tenant: 'globex', subject: null, salt: ofTenant.salt }
  const shown = await verifyAttestation(ofTenant.attestation, { key: foreignKey, scope })
  expect(shown.predicate.kind).toBe('tenant')
  await expect(verifyAttestation(ofTenant.attestation, { key })).rejects.toEqual(invalid)
})

test('changed anywhere, it is refused', async () => {
  console.log(`attestation: MEMKEEP_TEST_SEED=${seed}`)
  const chance = random()
  const bytes = Buffer.from(report.attestation, 'utf8')
  for (let number = 0; number < 250; number++) {
    const at = Math.floor(chance() * bytes.length)
    const changed = Buffer.from(bytes)
    changed[at] = changed[at]! ^ (1 << Math.floor(chance() * 7))
    await expect(verifyAttestation(changed, { key, sha256: nodeSha256 }), `byte ${at}`).rejects.toEqual(invalid)
  }
  for (const cut of ['', '{}', report.attestation.slice(0, -1), `${report.attestation}\n`]) {
    await expect(verifyAttestation(cut, { key })).rejects.toEqual(invalid)
  }
})

test('signed anew by somebody else, it passes for nobody who knows the key', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const own = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  const signer = {
    publicKey: own,
    sign: async (message: Uint8Array) =>
      new Uint8Array(sign(null, message, createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })))),
  }
  const envelope = decodeEnvelope(Buffer.from(report.attestation))
  const payload = await openEnvelope(nodeSha256, envelope, inTotoType, parseNoteKey(nodeSha256, key).publicKey)
  const statement = decodeStatement(payload, erasurePredicate)
  const better = { ...statement, predicate: { ...statement.predicate, notCovered: [] } }
  const forged = encodeEnvelope(await signEnvelope(nodeSha256, inTotoType, encodeStatement(better), [signer]))
  await expect(verifyAttestation(forged, { key })).rejects.toEqual(invalid)
  await expect(verifyAttestation(forged)).rejects.toEqual(invalid)
})

/** What its owner, who signs the log and the attestation, would say otherwise. */
interface Otherwise {
  readonly leaf?: Partial<LedgerLeaf>
  readonly log?: Partial<ErasurePredicate['log']>
  readonly subject?: readonly { readonly name: string; readonly sha256: Uint8Array }[]
  /** Of the leaf that the log holds. */
  readonly logged?: Partial<LedgerLeaf>
  /** Somebody else signs too. */
  readonly also?: 'the attestation' | 'the checkpoint'
}

function signerOf() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)),
    sign: async (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
  }
}

const about = () => ({ name: `erasure/${report.id}`, sha256: Buffer.from(report.scopeCommit, 'hex') })

/** A log of one leaf, and an attestation of `report` that shows it, both under a key of our own: as a log would be that its owner signs. */
async function attestedBy({ leaf: said, log: told, subject, logged, also }: Otherwise): Promise<string> {
  const [signer, other] = [signerOf(), signerOf()]
  const [logKey, otherKey] = [signer, other].map((each) => noteKey(nodeSha256, 'memkeep/log/own', each.publicKey))
  const { leaf, predicate } = await verifyAttestation(report.attestation, { key })
  const shown = { ...leaf, seq: 0, ...said }
  const extra = encodeLeaf(shown)
  const head = { size: 1, root: new TreeHash(nodeSha256).leaf(encodeLeaf({ ...shown, ...logged })) }
  const more = also === 'the checkpoint' ? (await signCheckpoint(head, otherKey!, other)).split('\n\n')[1]! : ''
  const checkpoint = (await signCheckpoint(head, logKey!, signer)) + more
  const proof = formatInclusionFile({ index: 0, proof: [], checkpoint, extra })
  const log = { origin: logKey!.name, key: formatNoteKey(logKey!), index: 0, proof, ...told }
  const statement = { subject: subject ?? [about()], predicateType: erasurePredicate, predicate: { ...predicate, log } }
  const signers = also === 'the attestation' ? [signer, other] : [signer]
  return Buffer.from(
    encodeEnvelope(await signEnvelope(nodeSha256, inTotoType, encodeStatement(statement), signers)),
  ).toString('utf8')
}

test('the leaf that it shows is that of this erasure, and of no other in the same log', async () => {
  const attested = (resource: string) => attestedBy({ leaf: { resource } })
  expect((await verifyAttestation(await attested(`erasure:${report.id}`))).leaf.resource).toBe(`erasure:${report.id}`)
  // What every leaf of a verification said before it named its erasure, another's, and one that says more.
  for (const resource of ['erasure', `erasure:${ofTenant.id}`, `memory:${report.id}`, `erasure:${report.id}0`]) {
    await expect(verifyAttestation(await attested(resource)), resource).rejects.toEqual(invalid)
  }
})

describe('signed by the owner of the log, it is refused where it says', () => {
  test('(nothing otherwise: it is verified)', async () => {
    expect((await verifyAttestation(await attestedBy({}))).predicate.id).toBe(report.id)
  })

  test.each<[string, () => Otherwise]>([
    ['another step in its leaf', () => ({ leaf: { op: 'erasure.barred' } })],
    ['that it was refused', () => ({ leaf: { outcome: 'denied' } })],
    ['another place in its leaf', () => ({ leaf: { seq: 1 } })],
    ['that it was verified before it was deleted', () => ({ leaf: { at: Date.parse(report.deletedAt) - 1 } })],
    ['another log', () => ({ log: { origin: 'memkeep/log/other' } })],
    ['another place than its proof', () => ({ log: { index: 1 } })],
    ['a leaf that is not in the log', () => ({ logged: { outcome: 'denied' } })],
    ['that it is about another erasure', () => ({ subject: [{ ...about(), name: `erasure/${ofTenant.id}` }] })],
    [
      'that it is about another scope',
      () => ({ subject: [{ ...about(), sha256: Buffer.from(ofTenant.scopeCommit, 'hex') }] }),
    ],
    ['that it is about two', () => ({ subject: [about(), { ...about(), name: `erasure/${ofTenant.id}` }] })],
    ['by somebody else’s signature too', () => ({ also: 'the attestation' })],
    ['by somebody else’s signature of its checkpoint', () => ({ also: 'the checkpoint' })],
  ])('%s', async (_, otherwise) => {
    await expect(verifyAttestation(await attestedBy(otherwise()))).rejects.toEqual(invalid)
  })
})

test('the end of it stands in the ledger too', async () => {
  const { items } = await store.keep.for(adminOfTenant('acme')).audit.list({ actions: ['erasure.attested'] })
  expect(items).toHaveLength(1)
})
