import { expect, test } from 'vitest'
import { toBase64 } from '../../src/proof/base64.ts'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import {
  type ColdEvent,
  coldBytes,
  coldLines,
  formatColdHead,
  formatColdLine,
  verifyColdFile,
} from '../../src/proof/cold-file.ts'
import { encodeLeaf } from '../../src/proof/ledger-leaf.ts'
import { formatNoteKey, noteKey } from '../../src/proof/note-key.ts'
import { codeOf } from '../support/code-of.ts'
import { amount, random, seed } from '../support/seed.ts'
import { nodeSha256 } from './node-sha256.ts'
import { testSigner } from './test-signer.ts'
import { TiledLog } from './tiled-log.ts'

const signer = testSigner('log')
const key = noteKey(nodeSha256, 'memkeep.example/log', signer.publicKey)
const vkey = formatNoteKey(key)
const principal = 'ab'.repeat(16)
const entryOf = (seq: number) =>
  encodeLeaf({
    v: 1,
    seq,
    at: 1000 + seq,
    op: seq % 3 === 0 ? 'memory.add' : 'memory.get',
    actorClass: 'principal',
    principalTag: principal,
    resource: 'memory',
    outcome: 'ok',
    commit: 'cd'.repeat(32),
  })

const eventOf = (seq: number): ColdEvent | null =>
  seq % 3 === 0
    ? null
    : {
        id: `0000${seq}`,
        outcome: 'ok',
        reach: 1,
        subject: 'ef'.repeat(16),
        epoch: 1,
        principal,
        at: 1000 + seq,
        recordedAt: '2026-01-01T00:00:00.000000Z',
        memories: [],
        affected: 0,
        detail: toBase64(Buffer.from('sealed')),
        under: 0,
        keyEpoch: 1,
        keyVersion: 1,
      }

const size = 400
const log = new TiledLog()
for (let seq = 0; seq < size; seq++) log.append(Buffer.from(entryOf(seq)))

async function fileOf(from: number, to: number): Promise<string[]> {
  const tree = log.tree()
  const checkpoint = await signCheckpoint({ size, root: await tree.root() }, key, signer)
  const head = formatColdHead({ vkey, from, to, checkpoint, proof: await tree.beside(from, to) })
  const seqs = Array.from({ length: to - from }, (_, n) => from + n)
  return [head, ...seqs.map((seq) => formatColdLine({ entry: entryOf(seq), event: eventOf(seq) }))]
}

test('a cold file shows a run of the log, with the key that was given or its own', async () => {
  const lines = await fileOf(40, 300)
  const report = { origin: key.name, from: 40, to: 300, size, events: 174 }
  expect(await verifyColdFile(nodeSha256, lines)).toEqual(report)
  expect(await verifyColdFile(nodeSha256, lines, vkey)).toEqual(report)
  expect(coldLines(coldBytes(lines))).toEqual(lines)
  const stranger = formatNoteKey(noteKey(nodeSha256, key.name, testSigner('stranger').publicKey))
  expect(await codeOf(verifyColdFile(nodeSha256, lines, stranger))).toBe('ERR_PROOF_INVALID')
})

/** What of a line stands in the log in the clear: the whole head, a leaf, and of an event what its leaf says. */
function logged(line: string, at: number): unknown {
  if (at === 0) return line
  const { entry, event } = JSON.parse(line)
  return event === undefined ? { entry } : { entry, at: event.at, outcome: event.outcome, principal: event.principal }
}

test('no mutation of it is accepted', async () => {
  const number = amount('MEMKEEP_COLD_MUTATIONS', 1500)
  console.log(`MEMKEEP_TEST_SEED=${seed} MEMKEEP_COLD_MUTATIONS=${number}`)
  const next = random()
  const below = (bound: number) => Math.floor(next() * bound)
  const lines = await fileOf(100, 140)
  const whole = coldBytes(lines)
  const verify = (of: readonly string[]) => codeOf(verifyColdFile(nodeSha256, of, vkey))
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
      const outcome = await codeOf(async () => verifyColdFile(nodeSha256, coldLines(bytes), vkey)).catch(
        () => 'not UTF-8',
      )
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
  ] as const) {
    const changed = lines.map((line) => line.replace(from, to))
    expect(changed).not.toEqual(lines)
    expect(await codeOf(verifyColdFile(nodeSha256, changed))).toBe('ERR_PROOF_INVALID')
  }
  expect(await codeOf(verifyColdFile(nodeSha256, []))).toBe('ERR_PROOF_INVALID')
  expect(await codeOf(() => coldLines(coldBytes(lines).slice(0, -1)))).toBe('ERR_PROOF_INVALID')
})
