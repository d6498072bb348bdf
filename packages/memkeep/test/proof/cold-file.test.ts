import { expect, test } from 'vitest'
import { coldBytes, coldLines, verifyColdFile } from '../../src/proof/cold-file.ts'
import { formatNoteKey, noteKey } from '../../src/proof/note-key.ts'
import { codeOf } from '../support/code-of.ts'
import { amount, random, seed } from '../support/seed.ts'
import { nodeSha256 } from './node-sha256.ts'
import { fileOf, key, principal, size, vkey } from './sample-cold-file.ts'
import { testSigner } from './test-signer.ts'

test('a cold file shows a run of the log, with the key that was given or its own', async () => {
  const lines = await fileOf(40, 300)
  const report = { origin: key.name, key: vkey, keyGiven: false, from: 40, to: 300, size, events: 174 }
  expect(await verifyColdFile(lines, { sha256: nodeSha256 })).toEqual(report)
  expect(await verifyColdFile(lines, { sha256: nodeSha256, key: vkey })).toEqual({ ...report, keyGiven: true })
  expect(coldLines(coldBytes(lines))).toEqual(lines)
  const stranger = formatNoteKey(noteKey(nodeSha256, key.name, testSigner('stranger').publicKey))
  expect(await codeOf(verifyColdFile(lines, { sha256: nodeSha256, key: stranger }))).toBe('ERR_PROOF_INVALID')
})

/** What of a line stands in the log in the clear: the whole head, a leaf, and of an event what its leaf says. */
function logged(line: string, at: number): unknown {
  if (at === 0) return line
  const { entry, event } = JSON.parse(line)
  if (event === undefined) return { entry }
  const { at: time, outcome, principal, memories } = event
  return { entry, time, outcome, principal, memories, fields: Object.keys(event) }
}

test('no mutation of it is accepted', async () => {
  const number = amount('MEMKEEP_COLD_MUTATIONS', 1500)
  console.log(`MEMKEEP_TEST_SEED=${seed} MEMKEEP_COLD_MUTATIONS=${number}`)
  const next = random()
  const below = (bound: number) => Math.floor(next() * bound)
  const lines = await fileOf(100, 140)
  const whole = coldBytes(lines)
  const verify = (of: readonly string[]) => codeOf(verifyColdFile(of, { sha256: nodeSha256, key: vkey }))
  const spliced = await fileOf(101, 141)
  for (let n = 0; n < number; n++) {
    const changed = [...lines]
    const at = 1 + below(lines.length - 1)
    if (n % 5 === 0) changed.splice(at, 1)
    else if (n % 5 === 1) changed.splice(at, 0, lines[1 + below(lines.length - 1)]!)
    else if (n % 5 === 2)
      [changed[at], changed[1 + (at % (lines.length - 1))]] = [changed[1 + (at % (lines.length - 1))]!, changed[at]!]
    else if (n % 5 === 3) changed[n % 2 === 0 ? 0 : at] = spliced[n % 2 === 0 ? 0 : at]!
    else {
      const bytes = Buffer.from(whole)
      bytes[below(bytes.length)]! ^= 1 << below(7)
      const outcome = await codeOf(async () =>
        verifyColdFile(coldLines(bytes), { sha256: nodeSha256, key: vkey }),
      ).catch(() => 'not UTF-8')
      // Beside its leaf an event has fields that the leaf's commitment holds, for whoever has the key: nothing else may differ.
      if (outcome === 'none') expect(coldLines(bytes).map(logged)).toEqual(lines.map(logged))
      else expect(['ERR_PROOF_INVALID', 'not UTF-8']).toContain(outcome)
      continue
    }
    expect(await verify(changed), `mutation ${n}`).toBe('ERR_PROOF_INVALID')
  }
})

test('an event that says other than its leaf, a torn end, no lines at all', async () => {
  const lines = await fileOf(0, 5)
  for (const [from, to] of [
    ['"at":1001', '"at":1002'],
    ['"outcome":"ok","reach"', '"outcome":"denied","reach"'],
    [`"principal":"${principal}"`, `"principal":"${'ba'.repeat(16)}"`],
    ['"memories":[]', `"memories":["01900000-0000-7000-8000-0000000000ff"]`],
    ['"memories":[]', '"memories":["forged"]'],
    ['"memories":[]', '"memories":{}'],
    ['-000000000002"', '-000000000001"'],
    ['"keyVersion":1}', '"keyVersion":1,"secret":"x"}'],
    ['"keyVersion":1}', '"keyVersion":"1"}'],
    [',"keyVersion":1}', '}'],
    ['"detail":"c2VhbGVk"', '"detail":"c2VhbGVkX"'],
    [/,"event":\{.*\}\}/, '}'],
  ] as const) {
    const changed = lines.map((line) => line.replace(from, to))
    expect(changed, `${from}`).not.toEqual(lines)
    expect(await codeOf(verifyColdFile(changed, { sha256: nodeSha256 })), `${from} ${to}`).toBe('ERR_PROOF_INVALID')
  }
  expect(await codeOf(verifyColdFile([], { sha256: nodeSha256 }))).toBe('ERR_PROOF_INVALID')
  expect(await codeOf(() => coldLines(coldBytes(lines).slice(0, -1)))).toBe('ERR_PROOF_INVALID')
})
