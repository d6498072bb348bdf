import { describe, expect, test } from 'vitest'
import { type BundleManifest, decodeManifest, encodeManifest } from '../../src/proof/bundle-manifest.ts'
import { bundleReadme } from '../../src/proof/bundle-readme.ts'
import { formatNoteKey, noteKey } from '../../src/proof/note-key.ts'
import { parseNote } from '../../src/proof/signed-note.ts'
import { parseTilePath } from '../../src/proof/tile-path.ts'
import { type VerifyLedgerOptions, verifyLedger } from '../../src/verify.ts'
import { errorOf } from '../support/code-of.ts'
import { nodeSha256 } from './node-sha256.ts'
import { bundleOf, logKey, origin, sampleBundle, trusted, witnessKey } from './sample-ledger.ts'
import { testSigner } from './test-signer.ts'

type Files = Map<string, Uint8Array>
/** The one file of an anchored bundle that witnesses signed. */
const anchorProof = 'anchor/deployment.tlog-proof'

/** The message that the bundle is refused with. */
async function refusal(files: Files, options: VerifyLedgerOptions = trusted): Promise<string> {
  const error = await errorOf(verifyLedger(bundleOf(files), options))
  expect(error.code).toBe('ERR_PROOF_INVALID')
  return error.message
}

/** Puts another text into a file; fails when it would not change. */
function edited(files: Files, path: string, from: string | RegExp, to: string): Files {
  const text = Buffer.from(files.get(path)!).toString('latin1')
  const changed = text.replace(from, to)
  expect(changed, path).not.toBe(text)
  return new Map([...files, [path, Buffer.from(changed, 'latin1')]])
}

function flipped(files: Files, path: string, at: number): Files {
  const bytes = Uint8Array.from(files.get(path)!, (byte, i) => (i === at ? byte ^ 1 : byte))
  return new Map([...files, [path, bytes]])
}

const text = (files: Files, path: string): string => Buffer.from(files.get(path)!).toString()

describe('a bundle', () => {
  test('is verified, and the report says what was shown', async () => {
    const files = await sampleBundle()
    const report = await verifyLedger(bundleOf(files), { ...trusted, heads: [text(files, 'checkpoints/300')] })
    expect(report).toMatchObject({
      origin,
      key: trusted.key,
      keyGiven: true,
      size: 600,
      minIndex: 0,
      newestAt: 1_763_700_000_599,
      checkpoints: [100, 256, 300, 600],
      proofs: [255, 256, 599],
      anchor: { origin: 'memkeep.example/deployment', index: 2, size: 600, at: 1_763_800_000_002 },
    })
    expect(
      report.opened.map(({ leaf, details }) => [leaf.seq, details.map((part) => part && `${Buffer.from(part)}`)]),
    ).toEqual([
      [256, ['{"ids":["256"]}', null]],
      [257, ['{"ids":["257"]}', null]],
    ])
    expect(report.cosigned).toEqual([{ witness: formatNoteKey(witnessKey), at: 1_763_800_001, size: 600 }])
    expect((await verifyLedger(bundleOf(files))).keyGiven).toBe(false)
  })

  test.each([0, 1, 2, 255, 256, 257, 513])('of %i events is verified', async (size) => {
    const files = await sampleBundle({ sizes: [size], proofs: size === 0 ? [] : [size - 1], opened: [], prune: null })
    expect((await verifyLedger(bundleOf(files), trusted)).size).toBe(size)
  })

  test('of more than one level of tiles is verified', async () => {
    const files = await sampleBundle({ sizes: [65_536, 66_000], proofs: [65_535], opened: [], prune: null })
    expect([...files.keys()].filter((path) => path.startsWith('tile/2'))).toEqual(['tile/2/000.p/1'])
    expect((await verifyLedger(bundleOf(files), { ...trusted, sha256: nodeSha256 })).size).toBe(66_000)
  })

  test('every byte of it lies in a file that its manifest calls for', async () => {
    const files = await sampleBundle()
    expect([...files.keys()].filter((path) => path.startsWith('tile/')).map(parseTilePath)).toHaveLength(7)
    expect(text(files, 'README.md')).toBe(bundleReadme(decodeManifest(files.get('bundle.json')!), logKey))
  })
})

describe('a pruned bundle', () => {
  const pruned = { minIndex: 512, sizes: [520, 600], opened: [3, 530], proofs: [0, 3, 530] }

  test('is verified with the older entries that were kept, and says where it begins', async () => {
    const files = await sampleBundle(pruned)
    expect([...files.keys()].filter((path) => path.startsWith('tile/'))).toEqual([
      'tile/1/000.p/2',
      'tile/0/002.p/88',
      'tile/entries/002.p/88',
    ])
    const report = await verifyLedger(bundleOf(files), trusted)
    expect([report.minIndex, report.proofs, report.opened.map(({ leaf }) => leaf.seq)]).toEqual([
      512,
      [0, 3, 530],
      [3, 530],
    ])
  })

  test('is refused when no event of the log says that it was pruned', async () => {
    const message = 'tile/entries: entries are left out, and no leaf says that they were pruned'
    expect(await refusal(await sampleBundle({ ...pruned, prune: null }))).toBe(message)
  })

  test('is refused when one of the events that were kept is dropped, or one is there that was not', async () => {
    const message = 'proofs: other events than those that the log says were kept'
    for (const kept of [[0, 3, 7], [0, 2, 3], [0], [0, 3, 511], []]) {
      expect(await refusal(await sampleBundle({ ...pruned, kept })), `${kept}`).toBe(message)
    }
    const all = await sampleBundle({ ...pruned, proofs: [0, 3, 7, 530] })
    expect((await verifyLedger(bundleOf(all), trusted)).proofs).toEqual([0, 3, 7, 530])
    const manifest = { ...decodeManifest(all.get('bundle.json')!), proofs: [0, 3, 530] }
    all.set('bundle.json', encodeManifest(manifest))
    all.set('README.md', Buffer.from(bundleReadme(manifest, logKey)))
    all.delete('proofs/7.tlog-proof')
    expect(await refusal(all)).toBe(message)
  })

  test('is refused when what was pruned is said of another log', async () => {
    const files = await sampleBundle({ ...pruned, prunedLog: `${origin}-2` })
    expect(await refusal(files)).toBe('proofs: other events than those that the log says were kept')
  })

  test('dropping the beginning of a whole one, with manifest and README to match, is refused', async () => {
    const files = await sampleBundle({ sizes: [300, 600], proofs: [], opened: [], prune: null })
    const manifest = { ...decodeManifest(files.get('bundle.json')!), minIndex: 256 }
    files.set('bundle.json', encodeManifest(manifest))
    files.set('README.md', Buffer.from(bundleReadme(manifest, logKey)))
    files.delete('tile/0/000')
    files.delete('tile/entries/000')
    expect(await refusal(files)).toContain('no leaf says that they were pruned')
  })

  test('is refused without its first event, which says whether the log goes on from another', async () => {
    expect(
      (await verifyLedger(bundleOf(await sampleBundle({ ...pruned, goesOn: true })), trusted)).previous,
    ).not.toBeNull()
    const files = await sampleBundle({ ...pruned, goesOn: true, kept: [3] })
    const { previous: _, ...silent } = decodeManifest(files.get('bundle.json')!)
    const manifest = { ...silent, previous: null, proofs: [3, 530] }
    files.set('bundle.json', encodeManifest(manifest))
    files.set('README.md', Buffer.from(bundleReadme(manifest, logKey)))
    for (const path of ['previous/checkpoint', 'proofs/0.tlog-proof']) files.delete(path)
    expect(await refusal(files)).toContain('the first event is never pruned')
  })

  test('a head from before the pruning cannot be compared', async () => {
    const old = await sampleBundle({ sizes: [100], proofs: [], opened: [], prune: null })
    expect(await refusal(await sampleBundle(pruned), { ...trusted, heads: [text(old, 'checkpoint')] })).toBe(
      "head 1 of those given: of size 100, it lies before what was pruned (512): hold it against a bundle from before that, and that bundle's head against this one",
    )
  })

  test.each([
    [
      'another entry',
      (proof: string) => proof.replace(/extra \S+/, (line) => `${line.slice(0, -8)}AAAA${line.slice(-4)}`),
    ],
    ['another index', (proof: string) => proof.replace('index 3', 'index 2')],
    [
      'another hash beside it',
      (proof: string) => proof.replace(/(index 3\n)(.)/, (_, line, at) => line + (at === 'A' ? 'B' : 'A')),
    ],
    ['no entry', (proof: string) => proof.replace(/extra .*\n/, '')],
    ['another checkpoint', (proof: string) => proof.replace('\n600\n', '\n599\n')],
  ])('an older entry with %s is refused', async (_, change) => {
    const files = await sampleBundle(pruned)
    const proof = text(files, 'proofs/3.tlog-proof')
    files.set('proofs/3.tlog-proof', Buffer.from(change(proof)))
    expect(change(proof)).not.toBe(proof)
    expect(await refusal(files)).toMatch(/^proofs\/3\.tlog-proof: /)
  })
})

describe('the first thing that is wrong is named', () => {
  test.each<[string, (files: Files) => Files | undefined, string]>([
    ['no manifest', (files) => void files.delete('bundle.json'), 'bundle.json: it is missing'],
    ['a file too few', (files) => void files.delete('tile/0/001'), 'tile/0/001: it is missing'],
    [
      'a file too many',
      (files) => void files.set('notes.txt', new Uint8Array(1)),
      'notes.txt: it does not belong to this bundle',
    ],
    [
      'a partial tile beside the full one',
      (files) => void files.set('tile/0/000.p/9', new Uint8Array(288)),
      'tile/0/000.p/9: it does not belong to this bundle',
    ],
    [
      'another origin',
      (files) => edited(files, 'bundle.json', '7f3a', '7f3b'),
      'log.vkey: it is the key of another log',
    ],
    [
      'a README that says more',
      (files) => edited(files, 'README.md', 'openssl pkeyutl', 'curl x | sh; openssl pkeyutl'),
      'README.md: it is not what the rest of the bundle makes it',
    ],
    [
      'another PEM',
      (files) => edited(files, 'log.pem', 'MCow', 'MCox'),
      'log.pem: it is not what the rest of the bundle makes it',
    ],
    [
      'another size in the checkpoint',
      (files) => edited(files, 'checkpoint', '\n600\n', '\n599\n'),
      'checkpoint: its signature is wrong',
    ],
    [
      "a witness's line broken",
      (files) => edited(files, anchorProof, /(witness\.example \S{30})./, '$1/'),
      `${anchorProof}: a witness's signature is wrong`,
    ],
    [
      "a witness's line left out",
      (files) => edited(files, anchorProof, /\xe2\x80\x94 witness\.example \S+\n/, ''),
      `${anchorProof}: a witness that bundle.json names did not sign it`,
    ],
    [
      'an unknown signature line',
      (files) => edited(files, 'checkpoint', /$/, '\xe2\x80\x94 nobody.example AAAAAAAA\n'),
      'checkpoint: it has a signature of a key that is not in the bundle',
    ],
    [
      'a hash in a full tile',
      (files) => flipped(files, 'tile/0/001', 40),
      'tile/0/001: its hashes are not those that the tree above holds',
    ],
    [
      'a hash at the edge',
      (files) => flipped(files, 'tile/0/002.p/88', 40),
      'checkpoint: its root is not that of the tiles at the right edge',
    ],
    [
      'a tile too short',
      (files) => void files.set('tile/0/001', files.get('tile/0/001')!.subarray(32)),
      'tile/0/001: not 256 hashes long',
    ],
    [
      'an entry',
      (files) => edited(files, 'tile/entries/001', '"seq":300', '"seq":301'),
      'tile/entries/001: entry 300 is not the one in the tree',
    ],
    [
      'an entry too many',
      (files) => edited(files, 'tile/entries/002.p/88', /$/, '\0\0'),
      'tile/entries/002.p/88: it does not hold 88 entries',
    ],
    [
      'an older checkpoint for another',
      (files) => void files.set('checkpoints/100', files.get('checkpoints/256')!),
      'checkpoints/100: it is of another size',
    ],
    [
      'a consistency proof',
      (files) => edited(files, 'consistency/256-300', 'old 256', 'old 255'),
      'consistency/256-300: it is not what the rest of the bundle makes it',
    ],
    [
      'a proof',
      (files) => edited(files, 'proofs/255.tlog-proof', 'index 255', 'index 254'),
      'proofs/255.tlog-proof: it is not what the rest of the bundle makes it',
    ],
    [
      'details',
      (files) => edited(files, 'openings/256.json', '"index":256', '"index":257'),
      'openings/256.json: these are not the details of the event',
    ],
    [
      'details of another event',
      (files) => void files.set('openings/256.json', files.get('openings/257.json')!),
      'openings/256.json: these are not the details of the event',
    ],
    [
      "the tick's leaf",
      (files) => edited(files, 'anchor/deployment.tlog-proof', 'index 2', 'index 1'),
      'anchor/deployment.tlog-proof: its leaf is not in the log',
    ],
    [
      'a tick without its leaf',
      (files) => edited(files, 'anchor/deployment.tlog-proof', /extra .*\n/, ''),
      'anchor/deployment.tlog-proof: it does not hold its leaf',
    ],
    [
      'signatures in another order',
      (files) => edited(files, anchorProof, /^(\xe2.*\n)(\xe2.*\n)/m, '$2$1'),
      `${anchorProof}: its signatures are not in their order`,
    ],
    [
      'a key file that does not end with its line',
      (files) => edited(files, 'log.vkey', '\n', ' '),
      'log.vkey: not one line',
    ],
    [
      'the head in the tick',
      (files) => edited(files, 'anchor/head.json', '"slot":1', '"slot":3'),
      'anchor/head.json: the tick does not commit to this head of the log',
    ],
  ])('%s', async (_, change, message) => {
    const files = await sampleBundle()
    expect(await refusal(change(files) ?? files)).toBe(message)
  })
})

describe('what a bundle cannot show by itself is shown by what the auditor brings', () => {
  test('a stale head: accepted alone, refused against a newer one', async () => {
    const newer = await sampleBundle()
    const stale = await sampleBundle({ sizes: [100, 300], proofs: [], opened: [] })
    expect((await verifyLedger(bundleOf(stale), trusted)).size).toBe(300)
    const heads = [text(newer, 'checkpoint')]
    expect(await refusal(stale, { ...trusted, heads })).toBe(
      'checkpoint: the bundle is stale: head 1 of those given is of size 600',
    )
  })

  test('a split view: accepted alone, refused against a head of the other view', async () => {
    const one = await sampleBundle()
    const other = await sampleBundle({ fork: 20 })
    expect((await verifyLedger(bundleOf(other), trusted)).size).toBe(600)
    for (const path of ['checkpoint', 'checkpoints/300']) {
      expect(await refusal(other, { ...trusted, heads: [text(one, path)] })).toMatch(
        /^checkpoint: a split view: head 1/,
      )
    }
    const before = await sampleBundle({ fork: 150 })
    const heads = [text(one, 'checkpoints/100')]
    expect((await verifyLedger(bundleOf(before), { ...trusted, heads })).size).toBe(600)
    other.set('checkpoints/300', one.get('checkpoints/300')!)
    expect(await refusal(other)).toBe('checkpoints/300: a split view: the log signed another tree of this size')
  })

  test('another key with the same name: accepted alone, refused against the right one', async () => {
    const files = await sampleBundle({ signedBy: 'impostor' })
    expect((await verifyLedger(bundleOf(files))).keyGiven).toBe(false)
    expect(await refusal(files)).toBe('log.vkey: it is not the key that was given')
    const genuine = await sampleBundle()
    expect(await refusal(files, { heads: [text(genuine, 'checkpoint')] })).toBe(
      'head 1 of those given: it is not signed by the key',
    )
  })

  test('a witness that did not sign, also one with the name of one that did', async () => {
    const stranger = noteKey(nodeSha256, witnessKey.name, testSigner('stranger').publicKey, 4)
    const message = 'checkpoint: witness 1 of those given did not cosign it'
    expect(await refusal(await sampleBundle(), { witnesses: [formatNoteKey(stranger)] })).toBe(message)
    expect(await refusal(await sampleBundle(), { witnesses: [trusted.key] })).toContain(
      'a verifier key of another type',
    )
  })

  test('a head without an anchor carries the lines of its witnesses, and none of them can be left out', async () => {
    const files = await sampleBundle({ anchored: false, sizes: [9], proofs: [], opened: [], prune: null })
    const witnesses = [formatNoteKey(witnessKey)]
    expect((await verifyLedger(bundleOf(files), { key: trusted.key, witnesses })).cosigned).toEqual([
      { witness: witnesses[0], at: 1_763_800_009, size: 9 },
    ])
    const without = edited(files, 'checkpoint', /\xe2\x80\x94 witness\.example \S+\n/, '')
    expect(await refusal(without, { key: trusted.key })).toBe(
      'checkpoint: a witness that bundle.json names did not sign it',
    )
  })

  test('a head with an anchor carries no line of a witness', async () => {
    const files = await sampleBundle()
    expect(parseNote(text(files, 'checkpoint')).signatures).toHaveLength(1)
    const line = /\xe2\x80\x94 witness\.example \S+\n/.exec(Buffer.from(files.get(anchorProof)!).toString('latin1'))![0]
    expect(await refusal(edited(files, 'checkpoint', /$/, line))).toBe(
      'checkpoint: it has a signature of a key that is not in the bundle',
    )
  })

  test('a deployment log: asked for and not there, or of another key', async () => {
    const loose = await sampleBundle({ anchored: false })
    expect((await verifyLedger(bundleOf(loose), { key: trusted.key })).anchor).toBeNull()
    expect(await refusal(loose)).toBe("bundle.json: it is not anchored in the deployment's log")
    const other = formatNoteKey(noteKey(nodeSha256, 'memkeep.example/deployment', testSigner('log').publicKey))
    expect(await refusal(await sampleBundle(), { deploymentKey: other })).toBe(
      'anchor/deployment.vkey: it is not the key that was given',
    )
  })
})

test('a leaf that says it stands elsewhere is refused, though the log signed it', async () => {
  const small = { sizes: [9], proofs: [], opened: [], prune: null }
  expect(await refusal(await sampleBundle({ ...small, misplaced: 4 }))).toBe(
    'tile/entries/000.p/9: entry 4 says that it stands elsewhere',
  )
  const kept = { minIndex: 256, sizes: [300], proofs: [0, 7], opened: [], prune: 299, misplaced: 7 }
  expect(await refusal(await sampleBundle(kept))).toBe('proofs/7.tlog-proof: its entry stands elsewhere')
  expect(await refusal(await sampleBundle({ ...small, tickSeq: 5 }))).toBe(
    'anchor/deployment.tlog-proof: its leaf says that it stands elsewhere',
  )
})

test('an event that stands in the log twice is refused, though the log signed it', async () => {
  const small = { sizes: [9], proofs: [], opened: [], prune: null }
  expect(await refusal(await sampleBundle({ ...small, twice: 4 }))).toBe('an event stands in the log twice')
  const kept = { minIndex: 256, sizes: [300], proofs: [7], opened: [], prune: 298, twice: 7 }
  expect(await refusal(await sampleBundle(kept))).toBe('an event stands in the log twice')
})

test('a manifest that contradicts itself is refused', async () => {
  const files = await sampleBundle()
  const good = decodeManifest(files.get('bundle.json')!)
  for (const [change, message] of [
    [{ minIndex: 255, checkpoints: [256] }, 'its minimum index is impossible'],
    [{ minIndex: 768, checkpoints: [], proofs: [], openings: [] }, 'its minimum index is impossible'],
    [{ size: 1.5, checkpoints: [], proofs: [], openings: [] }, 'its size or minimum index is no whole number'],
    [{ minIndex: '0' }, 'its size or minimum index is no whole number'],
    [{ checkpoints: [0, 100] }, 'its list of checkpoints is impossible'],
    [{ checkpoints: [300, 100] }, 'its list of checkpoints is impossible'],
    [{ checkpoints: [100, 600] }, 'its list of checkpoints is impossible'],
    [{ proofs: [600] }, 'its list of proofs is impossible'],
    [{ minIndex: 256, openings: [1], proofs: [2], checkpoints: [] }, 'its list of openings is impossible'],
    [{ anchor: 7 }, 'its anchor is impossible'],
    [{ witnesses: ['a', 'a'] }, 'its list of witnesses is impossible'],
    [{ origin: 'a b' }, 'its origin is no name of a log'],
    [{ origin: "a';id;'" }, 'its origin is no name of a log'],
  ] as const) {
    expect(() => encodeManifest({ ...good, ...change } as BundleManifest)).toThrow(message)
    const json = `${JSON.stringify({ format: 'memkeep-ledger-bundle@v1', ...good, ...change }, null, 1)}\n`
    expect(await refusal(new Map([...files, ['bundle.json', Buffer.from(json)]]))).toBe(`bundle.json: ${message}`)
  }
  const listing = bundleOf(files)
  const twice = { ...listing, list: async () => [...(await listing.list()), 'checkpoint'] }
  expect((await errorOf(verifyLedger(twice))).message).toBe('a file is listed twice')
  const endless = encodeManifest({ ...good, size: Number.MAX_SAFE_INTEGER, checkpoints: [], anchor: null })
  expect(await refusal(new Map([...files, ['bundle.json', endless]]))).toBe(
    'bundle.json: its size calls for more files than there are',
  )
  const future = JSON.stringify({ format: 'memkeep-ledger-bundle@v2' })
  expect(await refusal(new Map([['bundle.json', Buffer.from(future)]]))).toBe(
    'bundle.json: not a ledger bundle of a version known here',
  )
})
