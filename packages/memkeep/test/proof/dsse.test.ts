import { createHash, createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  decodeEnvelope,
  dsseKeyId,
  encodeEnvelope,
  openEnvelope,
  preAuthentication,
  signEnvelope,
} from '../../src/proof/dsse.ts'
import { verifyEd25519 } from '../../src/proof/ed25519.ts'
import { decodeStatement, encodeStatement, inTotoType } from '../../src/proof/in-toto-statement.ts'
import { publicKeyPem } from '../../src/proof/public-key-pem.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { codeOf } from '../support/code-of.ts'
import { testSigner } from './test-signer.ts'

const kind = 'https://memkeep.example/attestation/erasure/v1'
const statement = {
  subject: [{ name: 'plan', sha256: new Uint8Array(createHash('sha256').update('plan').digest()) }],
  predicateType: kind,
  predicate: { requestedAt: '2026-11-22T00:00:00Z' },
}

describe('RFC 8032, 7.1', () => {
  const hex = (text: string): Buffer => Buffer.from(text, 'hex')
  test.each([
    [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
  ])('key %s', async (key, message, signature) => {
    expect(await verifyEd25519(hex(key), hex(message), hex(signature))).toBe(true)
    expect(await verifyEd25519(hex(key), hex(`${message}00`), hex(signature))).toBe(false)
    expect(await verifyEd25519(hex(key), hex(message), hex(signature).subarray(1))).toBe(false)
  })

  test('bytes that are no key verify nothing', async () => {
    expect(await verifyEd25519(new Uint8Array(31), new Uint8Array(0), new Uint8Array(64))).toBe(false)
    expect(await verifyEd25519(new Uint8Array(32).fill(255), new Uint8Array(0), new Uint8Array(64))).toBe(false)
  })
})

test('the encoding that is signed: the example of the DSSE protocol', () => {
  const encoded = preAuthentication('http://example.com/HelloWorld', Buffer.from('hello world'))
  expect(Buffer.from(encoded).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  expect(Buffer.from(preAuthentication('é', Buffer.of(255))).toString('hex')).toBe(
    Buffer.concat([Buffer.from('DSSEv1 2 é 1 '), Buffer.of(255)]).toString('hex'),
  )
})

test('a statement in an envelope with two signatures', async () => {
  const [ours, theirs, nobody] = ['ours', 'theirs', 'nobody'].map(testSigner) as [Signer, Signer, Signer]
  const envelope = await signEnvelope(sha256, inTotoType, encodeStatement(statement), [ours, theirs])
  const read = decodeEnvelope(encodeEnvelope(envelope))
  for (const signer of [ours, theirs]) {
    const payload = await openEnvelope(sha256, read, inTotoType, signer.publicKey)
    expect(decodeStatement(payload, kind)).toEqual(statement)
  }
  const refused = (change: object, key = ours.publicKey, type = inTotoType): Promise<string> =>
    codeOf(openEnvelope(sha256, { ...read, ...change }, type, key))
  expect(await refused({}, nobody.publicKey)).toBe('ERR_PROOF_INVALID')
  expect(await refused({}, ours.publicKey, 'application/json')).toBe('ERR_PROOF_INVALID')
  expect(await refused({ payload: Buffer.from('{}') })).toBe('ERR_PROOF_INVALID')
  expect(await refused({ signatures: [{ ...read.signatures[0]!, sig: read.signatures[1]!.sig }] })).toBe(
    'ERR_PROOF_INVALID',
  )
  expect(await refused({ signatures: [] })).toBe('ERR_PROOF_INVALID')
})

type Signer = ReturnType<typeof testSigner>

test('an envelope has one form', async () => {
  const envelope = await signEnvelope(sha256, inTotoType, encodeStatement(statement), [testSigner('ours')])
  const text = Buffer.from(encodeEnvelope(envelope)).toString()
  for (const wrong of [
    text.trimEnd(),
    text.replace('{"payload"', '{ "payload"'),
    text.replace('"signatures"', '"x":1,"signatures"'),
    text.replace('"keyid"', '"x":1,"keyid"'),
    text.replace(/"sig":"[^"]*"/, '"sig":1'),
    text.replace(/"signatures":.*\]/, '"signatures":[null]'),
  ]) {
    expect(wrong).not.toBe(text)
    expect(await codeOf(() => decodeEnvelope(Buffer.from(wrong))), wrong).toBe('ERR_PROOF_INVALID')
  }
})

test('a payload that is no statement of that kind is refused', async () => {
  const good = JSON.parse(Buffer.from(encodeStatement(statement)).toString())
  for (const wrong of [
    { ...good, _type: 'https://in-toto.io/Statement/v0.1' },
    { ...good, predicateType: 'another' },
    { ...good, subject: [] },
    { ...good, subject: [{ name: 'x', digest: { md5: '00' } }] },
    { ...good, predicate: [] },
    [],
  ]) {
    expect(await codeOf(() => decodeStatement(Buffer.from(JSON.stringify(wrong)), kind))).toBe('ERR_PROOF_INVALID')
  }
  expect(await codeOf(() => decodeStatement(Buffer.from('{'), kind))).toBe('ERR_PROOF_INVALID')
})

test('the key as openssl and node:crypto read it, and its id', () => {
  const { publicKey } = testSigner('ours')
  const der = createPublicKey(publicKeyPem(publicKey)).export({ format: 'der', type: 'spki' })
  expect(der.subarray(-32)).toEqual(Buffer.from(publicKey))
  expect(dsseKeyId(sha256, publicKey)).toBe(createHash('sha256').update(der).digest('hex'))
})
