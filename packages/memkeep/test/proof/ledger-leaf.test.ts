import { describe, expect, test } from 'vitest'
import { decodeDeploymentLeaf, encodeDeploymentLeaf } from '../../src/proof/deployment-leaf.ts'
import { decodeLeaf, encodeLeaf, type LedgerLeaf } from '../../src/proof/ledger-leaf.ts'
import { codeOf } from '../support/code-of.ts'
import { random, seed } from '../support/seed.ts'

const leaf: LedgerLeaf = {
  v: 1,
  seq: 41,
  at: 1_763_800_000_123,
  op: 'read',
  actorClass: 'agent',
  principalTag: '00112233445566778899aabbccddeeff',
  resource: 'memory:019ab2c4-0000-7000-8000-000000000001',
  outcome: 'ok',
  commit: 'ab'.repeat(32),
}
const line =
  '{"v":1,"seq":41,"at":1763800000123,"op":"read","actorClass":"agent",' +
  '"principalTag":"00112233445566778899aabbccddeeff",' +
  '"resource":"memory:019ab2c4-0000-7000-8000-000000000001","outcome":"ok",' +
  `"commit":"${'ab'.repeat(32)}"}`

describe("a tenant's leaf", () => {
  test('is one line of JSON, and is read back', () => {
    expect(Buffer.from(encodeLeaf(leaf)).toString()).toBe(line)
    expect(decodeLeaf(Buffer.from(line))).toEqual(leaf)
    expect(
      encodeLeaf({ ...leaf, op: 'x'.repeat(64), resource: `${'k'.repeat(64)}:${'0'.repeat(128)}` }).length,
    ).toBeLessThan(600)
  })

  test.each([
    ['a space', line.replace(',"seq"', ', "seq"')],
    ['a newline behind', `${line}\n`],
    ['a byte order mark', `\ufeff${line}`],
    ['another order', line.replace('"v":1,"seq":41', '"seq":41,"v":1')],
    ['a field more', line.replace('{', '{"x":1,')],
    ['a field twice', line.replace('"op":"read"', '"op":"write","op":"read"')],
    ['a field less', line.replace('"outcome":"ok",', '')],
    ['__proto__', line.replace('{', '{"__proto__":{},')],
    ['an exponent', line.replace(':41', ':4.1e1')],
    ['a fraction', line.replace(':41', ':41.5')],
    ['minus zero', line.replace(':41', ':-0')],
    ['a number past 2^53', line.replace(':41', ':9007199254740993')],
    ['a number as text', line.replace(':41', ':"41"')],
    ['an escape', line.replace('"read"', '"\\u0072ead"')],
    ['another version', line.replace('"v":1', '"v":2')],
    ['upper-case hex', line.replace('"commit":"ab', '"commit":"AB')],
    ['a commit too short', line.replace('abab"', 'ab"')],
    ['an operation with a space', line.replace('"read"', '"re ad"')],
    ['a resource with a free text', line.replace('memory:019', 'memory:Ana 019')],
    ['a list', `[${line}]`],
    ['nothing', ''],
    ['null', 'null'],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(line), Buffer.of(0xff)])],
  ])('%s: refused', async (_, changed) => {
    expect(await codeOf(() => decodeLeaf(Buffer.from(changed)))).toBe('ERR_PROOF_INVALID')
  })

  test('no flipped bit is read as the same leaf', async () => {
    console.log(`seed ${seed}`)
    const next = random()
    for (let run = 0; run < 2_000; run++) {
      const bytes = Buffer.from(line)
      bytes[Math.floor(next() * bytes.length)]! ^= 1 << Math.floor(next() * 8)
      const read = await (async () => decodeLeaf(bytes))().catch(() => null)
      expect(read, bytes.toString()).not.toEqual(leaf)
    }
  })

  test('what cannot be read is not written', async () => {
    for (const wrong of [
      { seq: -1 },
      { at: 0.5 },
      { at: 8_640_000_000_000_001 },
      { op: '' },
      { commit: '' },
      { resource: 'subject:ana!' },
      { v: 2 as 1 },
    ]) {
      expect(await codeOf(() => encodeLeaf({ ...leaf, ...wrong }))).toBe('ERR_PROOF_INVALID')
    }
  })
})

test("a deployment's leaf has one form", async () => {
  const tick = { v: 1, seq: 3, at: 1_763_800_000_000, heads: 'cd'.repeat(32) } as const
  const text = Buffer.from(encodeDeploymentLeaf(tick)).toString()
  expect(text).toBe(`{"v":1,"seq":3,"at":1763800000000,"heads":"${'cd'.repeat(32)}"}`)
  expect(decodeDeploymentLeaf(Buffer.from(text))).toEqual(tick)
  for (const wrong of [
    text.replace('cd"', '"'),
    text.replace('}', ',"tenants":2}'),
    text.replace(':3', ':03'),
    text.replace('1763800000000', '8640000000000001'),
    '[]',
  ]) {
    expect(await codeOf(() => decodeDeploymentLeaf(Buffer.from(wrong)))).toBe('ERR_PROOF_INVALID')
  }
})
