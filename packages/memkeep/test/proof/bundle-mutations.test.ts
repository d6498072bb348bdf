import { expect, test } from 'vitest'
import { decodeManifest } from '../../src/proof/bundle-manifest.ts'
import { bundleReadme } from '../../src/proof/bundle-readme.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { type VerifyLedgerOptions, verifyLedger } from '../../src/verify.ts'
import { errorOf } from '../support/code-of.ts'
import { amount, random, seed } from '../support/seed.ts'
import { Draw, type Files, mutations } from './mutations.ts'
import { nodeSha256 } from './node-sha256.ts'
import { bundleOf, logKey, type SampleOptions, sampleBundle, trusted } from './sample-ledger.ts'

const runs = amount('MEMKEEP_MUTATIONS', 10_000)
/** Small, as most of them are mutated: a run of ten thousand takes half a minute. One has a full tile, one was pruned, one goes on from another log. */
const small = { sizes: [4, 9], proofs: [3, 7], opened: [3, 6], prune: null }
const shape = { sizes: [40, 256, 270], proofs: [3, 269], opened: [3, 260], prune: null }
const goingOn = { ...small, goesOn: true }
const pruned = { sizes: [260, 270], proofs: [0, 3, 260], opened: [3, 260], minIndex: 256, prune: 269 }

/** A bundle that was changed or forged, and what the auditor brings. */
interface Attack {
  readonly files: Files
  readonly options: VerifyLedgerOptions
}

const text = (files: Files, path: string): string => Buffer.from(files.get(path)!).toString()
const same = (a: Files, b: Files): boolean =>
  a.size === b.size && [...a].every(([path, bytes]) => b.has(path) && Buffer.compare(bytes, b.get(path)!) === 0)

const entryOrTree = /entry \d+ is not the one in the tree|its root is not that of the tiles|its hashes are not those/
/** What each kind must be refused for, among other things: a file that is no more one of its form is the lesser part. */
const walls: Readonly<Record<string, RegExp>> = {
  'flip a bit': entryOrTree,
  'splice in a piece of another file': entryOrTree,
  'reorder entries or hashes': entryOrTree,
  'put one entry or hash in the place of another': entryOrTree,
  'drop a file': /it is missing/,
  'drop an entry or a hash': /it does not hold \d+ entries|not \d+ hashes long/,
  truncate: /its last entry is cut short|not \d+ hashes long/,
  'swap two files': /its signature is wrong|it is not signed by the key/,
  'a split view': /a split view/,
  'a split view within the bundle': /a split view/,
  'a wrong key': /it is not the key that was given/,
  'another key than it says': /^checkpoint: it is not signed by the key/,
  'a stale head': /the bundle is stale/,
  'a former log left out, or another': /it is not the head that the log's first leaf names|it does not say from which/,
  'a kept event dropped': /other events than those that the log says were kept/,
  'a beginning dropped': /no leaf says that they were pruned/,
}

test(`${runs} mutations of a bundle, each refused`, { timeout: 3_600_000 }, async () => {
  console.log(`seed ${seed}`)
  const draw = new Draw(random())
  const whole = [await made(small), await made(goingOn), await made(small), await made(pruned), await made(shape)]
  const reasons = new Map<string, Set<string>>()
  for (let run = 0; run < runs; run++) {
    const name = draw.of(kinds)
    const attack = await mounted(name, whole, draw)
    const options = { ...attack.options, sha256: run % 20 === 0 ? sha256 : nodeSha256 }
    const error = await errorOf(verifyLedger(bundleOf(attack.files), options)).catch(() => null)
    expect(error?.code, `${name}, run ${run}, seed ${seed}`).toBe('ERR_PROOF_INVALID')
    reasons.set(name, (reasons.get(name) ?? new Set()).add(error!.message))
  }
  // A shorter run, to replay one, need not have met all of them.
  if (runs < 5_000) return
  expect([...reasons.keys()].sort()).toEqual([...kinds].sort())
  for (const [name, wall] of Object.entries(walls)) {
    expect(
      [...reasons.get(name)!].some((reason) => wall.test(reason)),
      `${name}: ${wall}`,
    ).toBe(true)
  }
})

/** Bundles that pass by themselves, each made once. */
const bundles = new Map<string, Promise<Files>>()
function made(options: SampleOptions, trusting: VerifyLedgerOptions = trusted): Promise<Files> {
  const name = JSON.stringify(options)
  const known = bundles.get(name)
  if (known !== undefined) return known
  const bundle = sampleBundle(options).then(async (files) => {
    await verifyLedger(bundleOf(files), { ...trusting, sha256: nodeSha256 })
    return files
  })
  bundles.set(name, bundle)
  return bundle
}

async function mounted(name: string, whole: readonly Files[], draw: Draw): Promise<Attack> {
  const forge = forgeries[name]
  if (forge !== undefined) return await forge(draw)
  for (;;) {
    const files = draw.of(whole)
    const changed = mutations[name]!(files, draw)
    if (!same(changed, files)) return { files: changed, options: trusted }
  }
}

/** Whole bundles made by somebody who holds a key. What passes alone (`made`) is refused for what the auditor brings. */
const forgeries: Readonly<Record<string, (draw: Draw) => Promise<Attack>>> = {
  'a split view': async (draw) => {
    const genuine = await made(shape)
    const files = await made({ ...shape, fork: draw.below(40) })
    const seen = draw.of(['checkpoint', 'checkpoints/40', 'checkpoints/256'])
    return { files, options: { ...trusted, heads: [text(genuine, seen)] } }
  },
  'a split view within the bundle': async (draw) => {
    const [genuine, fork] = [await made(small), await made({ ...small, fork: draw.below(4) })]
    const differs = (path: string) => Buffer.compare(genuine.get(path)!, fork.get(path)!) !== 0
    const path = draw.of([...genuine.keys()].filter(differs))
    return { files: new Map([...genuine, [path, fork.get(path)!]]), options: trusted }
  },
  'a wrong key': async (draw) => {
    const files = await made({ ...small, signedBy: `impostor ${draw.below(9)}` }, {})
    const heads = [text(await made(small), 'checkpoint')]
    return { files, options: draw.of<VerifyLedgerOptions>([{ key: trusted.key }, { heads }]) }
  },
  'another key than it says': async (draw) => {
    const [genuine, other] = [await made(small), await made({ ...small, signedBy: `impostor ${draw.below(9)}` }, {})]
    const own = ['log.vkey', 'log.pem', 'README.md'].map((path) => [path, genuine.get(path)!] as const)
    return { files: new Map([...other, ...own]), options: draw.of<VerifyLedgerOptions>([{}, { key: trusted.key }]) }
  },
  'a stale head': async (draw) => {
    const files = await made({ ...small, sizes: [4, 8 - draw.below(2)], proofs: [3], opened: [3] })
    return { files, options: { ...trusted, heads: [text(await made(small), 'checkpoint')] } }
  },
  'a former log left out, or another': async (draw) => {
    const files = new Map(await made(goingOn))
    const manifest = JSON.parse(text(files, 'bundle.json')) as { previous?: string }
    const other = draw.of(['checkpoint', 'checkpoints/4'])
    if (draw.below(2) === 0) {
      manifest.previous = trusted.key
      files.set('previous/checkpoint', files.get(other)!)
    } else {
      delete manifest.previous
      files.delete('previous/checkpoint')
    }
    files.set('bundle.json', Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`))
    files.set('README.md', Buffer.from(bundleReadme(decodeManifest(files.get('bundle.json')!), logKey)))
    return { files, options: trusted }
  },
  'a kept event dropped': async (draw) => {
    const dropped = draw.of([1, 2, 4, 128, 254, 255])
    const shown = [...pruned.proofs, dropped].sort((a, b) => a - b)
    await made({ ...pruned, proofs: shown })
    const kept = shown.filter((index) => index < pruned.minIndex)
    return { files: await forged({ ...pruned, kept }), options: trusted }
  },
  'a beginning dropped': async (draw) => {
    return { files: await forged({ ...pruned, prune: draw.of([null, 4]) }), options: trusted }
  },
}
const kinds = [...Object.keys(mutations), ...Object.keys(forgeries)]

/** As `made`, of what does not pass. */
const refused = new Map<string, Promise<Files>>()
function forged(options: SampleOptions): Promise<Files> {
  const name = JSON.stringify(options)
  const bundle = refused.get(name) ?? sampleBundle(options)
  refused.set(name, bundle)
  return bundle
}
