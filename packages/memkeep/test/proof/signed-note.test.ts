import { describe, expect, test } from 'vitest'
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from '../../src/proof/checkpoint.ts'
import { isConsistent } from '../../src/proof/consistency-proof.ts'
import { cosign, readCosignature } from '../../src/proof/cosignature.ts'
import { formatNoteKey, isKeyName, noteKey, parseNoteKey } from '../../src/proof/note-key.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { formatNote, formatSignature, parseNote, signNote, verifyNote } from '../../src/proof/signed-note.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { mth } from './naive-tree.ts'
import { testSigner } from './test-signer.ts'
import { nodeHash, TiledLog } from './tiled-log.ts'

/** The example of C2SP signed-note. */
const exampleKey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const example = `This is an example message.

\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`

/** Checkpoints that Tessera publishes (transparency-dev/tessera@1811ae1a, testdata/log, built by testdata/build_log.sh). */
const tesseraKey = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'
const tesseraEntries = 'one two three four five six seven eit nain ten ileven twelf threeten fourten fivten'.split(' ')
const tesseraCheckpoints: [number, string, string][] = [
  [
    1,
    '0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=',
    'M9e0lhr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/SChAM=',
  ],
  [
    2,
    'T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=',
    'M9e0llH4NKmlf0u7C8tkJioQOmi7l5ELqljXgKRg6R3G5JJ7vx7emDWo5fpqKuA/Dk/jRrI6il+7QCVirNhyUAWGoAk=',
  ],
  [
    8,
    'bC+VwvrJbalNVjfkdI8kUgs7mJoXrqiXCE7bgnD28pY=',
    'M9e0lq1EK37dHtgv9O3UzPxisw5vwIPcJsX9ab0xt4mvVfbdUR1fbMjN6sBFYpBoBEmD4+cWhj/AVgI5MitCO5+mews=',
  ],
  [
    15,
    'rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=',
    'M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=',
  ],
]

describe('published notes', () => {
  test('the example of C2SP signed-note', async () => {
    const key = parseNoteKey(sha256, exampleKey)
    expect(formatNoteKey(key)).toBe(exampleKey)
    const note = parseNote(example)
    expect(note.text).toBe('This is an example message.\n')
    expect(formatNote(note)).toBe(example)
    await verifyNote(note, key)
    expect(await codeOf(verifyNote(parseNote(example.replace('example m', 'exbmple m')), key))).toBe(
      'ERR_PROOF_INVALID',
    )
  })

  test.each(tesseraCheckpoints)(
    "Tessera's checkpoint of size %i: signature and root",
    async (size, root, signature) => {
      const key = parseNoteKey(sha256, tesseraKey)
      const source = `example.com/log/testdata\n${size}\n${root}\n\n\u2014 example.com/log/testdata ${signature}\n`
      const { checkpoint } = await openCheckpoint(source, key)
      expect(checkpoint.size).toBe(size)
      const leaves = tesseraEntries.slice(0, size).map((entry) => Buffer.from(entry))
      expect(Buffer.from(checkpoint.root).toString('hex')).toBe(mth(leaves).toString('hex'))
    },
  )
})

test("consistency between all pairs of Tessera's checkpoints", async () => {
  const log = new TiledLog()
  for (const entry of tesseraEntries) log.append(Buffer.from(entry))
  const heads = tesseraCheckpoints.map(([size, root]) => ({ size, root: Buffer.from(root, 'base64') }))
  for (const newer of heads) {
    for (const older of heads.filter(({ size }) => size <= newer.size)) {
      const proof = await log.tree().consistency(older.size, newer.size)
      expect(isConsistent(nodeHash, older, newer, proof)).toBe(true)
      const moved = { ...older, root: Buffer.from(older.root).fill(0, 31) }
      expect(isConsistent(nodeHash, moved, newer, proof)).toBe(false)
    }
  }
})

describe('notes', () => {
  const signer = testSigner('log')
  const key = noteKey(sha256, 'memkeep.example/log', signer.publicKey)
  const other = noteKey(sha256, 'memkeep.example/other', testSigner('other').publicKey)

  test('with several signatures; lines of unknown keys change nothing', async () => {
    const text = 'a line\n\nanother\n'
    const own = await signNote(text, key, signer)
    const foreign = await signNote(text, other, testSigner('other'))
    const note = parseNote(formatNote({ text, signatures: [foreign, own] }))
    await verifyNote(note, key)
    await verifyNote(note, other)
    const stranger = noteKey(sha256, key.name, testSigner('other').publicKey)
    expect((await errorOf(verifyNote(note, stranger))).message).toBe('it is not signed by the key')
    const broken = { ...own, signature: own.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) }
    const both = { text, signatures: [foreign, own, broken] }
    expect((await errorOf(verifyNote(both, key))).message).toBe('its signature is wrong')
  })

  test.each([
    ['no signature', (note: string) => note.slice(0, note.indexOf('\n\n') + 1)],
    ['no signature line', (note: string) => note.slice(0, note.indexOf('\n\n') + 2)],
    ['no last newline', (note: string) => note.slice(0, -1)],
    ['a line twice', (note: string) => note + note.slice(note.indexOf('\u2014'))],
    ['a hyphen for the dash', (note: string) => note.replace('\u2014', '-')],
    ['two spaces', (note: string) => note.replace('\u2014 ', '\u2014  ')],
    ['a carriage return', (note: string) => note.replace('\n', '\r\n')],
    ['base64 without padding', (note: string) => note.replace('=', '')],
    ['base64 with stray bits', (note: string) => note.replace('QM=', 'QN=')],
    ['a signature of no length', (note: string) => note.replace(/Uw2Q.*/, 'Uw2QOg==')],
    ['a name with a plus', (note: string) => note.replace('com/foo ', 'com/f+o ')],
    ['a line behind', (note: string) => `${note}more\n`],
    [
      'more than 64 signatures',
      (note: string) => note + Array.from({ length: 64 }, (_, i) => `\u2014 n${i} AAAAAAAA\n`).join(''),
    ],
    ['too much of it', (note: string) => 'x'.repeat(1_000_001) + note],
  ])('%s: refused', async (_, change) => {
    expect(change(example)).not.toBe(example)
    expect(await codeOf(() => parseNote(change(example)))).toBe('ERR_PROOF_INVALID')
  })

  test('verifier keys have one form, and their id must be that of the key', async () => {
    for (const wrong of [
      '',
      exampleKey.replace('530d903a', '530D903A'),
      exampleKey.replace('530d903a', '530d903b'),
      exampleKey.replace('foo', 'fop'),
      `${exampleKey}\n`,
      exampleKey.replace('+Aek', '+Bek'),
      exampleKey.slice(0, -4),
    ]) {
      expect(await codeOf(() => parseNoteKey(sha256, wrong)), wrong).toBe('ERR_PROOF_INVALID')
    }
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\nb', '\ud800']) expect(isKeyName(name), name).toBe(false)
  })

  test('checkpoints are three lines of one form', async () => {
    const head = { origin: 'memkeep.example/log', size: 0, root: new Uint8Array(32) }
    const text = formatCheckpoint(head)
    expect(parseCheckpoint(text)).toEqual(head)
    for (const wrong of [
      text.replace('\n0\n', '\n00\n'),
      text.replace('\n0\n', '\n-0\n'),
      text.replace('\n0\n', '\n9007199254740992\n'),
      text.replace('\n0\n', '\n0x1\n'),
      `${text}extension\n`,
      text.slice(0, -1),
      text.replace(/.*\n$/, `${Buffer.alloc(31).toString('base64')}\n`),
      `\n${text}`,
    ]) {
      expect(await codeOf(() => parseCheckpoint(wrong)), wrong).toBe('ERR_PROOF_INVALID')
    }
    const note = await signCheckpoint(head, key, signer)
    expect((await openCheckpoint(note, key)).checkpoint).toEqual(head)
    const renamed = formatNote({
      text: formatCheckpoint({ ...head, origin: 'memkeep.example/another' }),
      signatures: [await signNote(formatCheckpoint({ ...head, origin: 'memkeep.example/another' }), key, signer)],
    })
    expect((await errorOf(openCheckpoint(renamed, key))).message).toBe('it is of another log')
  })

  test('a witness cosigns a checkpoint with a time', async () => {
    const witness = noteKey(sha256, 'witness.example', testSigner('witness').publicKey, 4)
    const text = formatCheckpoint({ origin: key.name, size: 0, root: new Uint8Array(32) })
    const line = await cosign(text, witness, testSigner('witness'), 1_679_315_147)
    const note = parseNote(formatNote({ text, signatures: [await signNote(text, key, signer), line] }))
    expect(await readCosignature(note, witness)).toEqual({ witness: formatNoteKey(witness), at: 1_679_315_147 })
    expect(formatSignature(line)).toMatch(/^\u2014 witness\.example [A-Za-z0-9+/]+={0,2}\n$/)
    const late = { ...line, signature: line.signature.map((byte, i) => (i === 7 ? byte ^ 1 : byte)) }
    expect(await codeOf(readCosignature({ text, signatures: [late] }, witness))).toBe('ERR_PROOF_INVALID')
    expect(await codeOf(verifyNote(note, witness))).toBe('ERR_PROOF_INVALID')
    const plain = { text, signatures: [await signNote(text, witness, testSigner('witness'))] }
    expect(await codeOf(verifyNote(plain, witness))).toBe('ERR_PROOF_INVALID')
    for (const past of [8_640_000_000_001, 2 ** 53]) {
      const far = { text, signatures: [await cosign(text, witness, testSigner('witness'), past)] }
      expect((await errorOf(readCosignature(far, witness))).message).toBe('a cosignature has an impossible time')
    }
    const silent = noteKey(sha256, 'silent.example', testSigner('silent').publicKey, 4)
    expect(await readCosignature(note, silent)).toBeNull()
  })
})
