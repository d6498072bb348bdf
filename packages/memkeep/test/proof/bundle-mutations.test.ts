import { expect, test } from 'vitest'
import { decodeManifest } from '../../src/proof/bundle-manifest.ts'
import { bundleReadme } from '../../src/proof/bundle-readme.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { type VerifyLedgerOptions, verifyLedger } from '../../src/verify.ts'
import { codeOf } from '../support/code-of.ts'
import { amount, random, seed } from '../support/seed.ts'
import { Draw, type Files, mutations } from './mutations.ts'
import { nodeSha256 } from './node-sha256.ts'
import { bundleOf, logKey, sampleBundle, trusted } from './sample-ledger.ts'

const runs = amount('MEMKEEP_MUTATIONS', 1_000)
const shape = { sizes: [40, 280, 300], proofs: [3, 299], opened: [3, 290], prune: null }
const goingOn = { ...shape, goesOn: true }
const pruned = { sizes: [280, 300], proofs: [0, 3, 290], opened: [3, 290], minIndex: 256, prune: 299 }

/** A bundle that was changed or forged, and what the auditor brings. */
interface Attack {
  readonly files: Files
  readonly options: VerifyLedgerOptions
}

const text = (files: Files, path: string): string => Buffer.from(files.get(path)!).toString()
const same = (a: Files, b: Files): boolean =>
  a.size === b.size && [...a].every(([path, bytes]) => b.has(path) && Buffer.compare(bytes, b.get(path)!) === 0)

test(`${runs} mutations of a bundle, each refused`, { timeout: 3_600_000 }, async () => {
  console.log(`seed ${seed}`)
  const draw = new Draw(random())
  const whole = [await sampleBundle(shape), await sampleBundle(pruned), await sampleBundle(goingOn)]
  for (const files of whole) await verifyLedger(bundleOf(files), trusted)
  const counts = new Map<string, number>()
  for (let run = 0; run < runs; run++) {
    const name = draw.of([...Object.keys(mutations), ...Object.keys(forgeries)])
    const attack = await mounted(name, whole, draw)
    const code = await codeOf(
      verifyLedger(bundleOf(attack.files), { ...attack.options, sha256: run % 10 === 0 ? sha256 : nodeSha256 }),
    )
    expect(code, `${name}, run ${run}, seed ${seed}`).toBe('ERR_PROOF_INVALID')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  expect(counts.size).toBe(Object.keys({ ...mutations, ...forgeries }).length)
})

async function mounted(name: string, whole: readonly Files[], draw: Draw): Promise<Attack> {
  const forge = forgeries[name]
  if (forge !== undefined) return await forge(whole[0]!, draw)
  for (;;) {
    const files = draw.of(whole)
    const changed = mutations[name]!(files, draw)
    if (!same(changed, files)) return { files: changed, options: trusted }
  }
}

/** Whole bundles made by somebody who holds a key. Each passes alone, which is tried every time. */
const forgeries: Readonly<Record<string, (genuine: Files, draw: Draw) => Promise<Attack>>> = {
  'a split view': async (genuine, draw) => {
    const files = await sampleBundle({ ...shape, fork: draw.below(40) })
    await verifyLedger(bundleOf(files), trusted)
    const seen = draw.of(['checkpoint', 'checkpoints/40', 'checkpoints/280'])
    return { files, options: { ...trusted, heads: [text(genuine, seen)] } }
  },
  'a split view within the bundle': async (genuine, draw) => {
    const fork = await sampleBundle({ ...shape, fork: draw.below(40) })
    const path = draw.of(
      [...genuine.keys()].filter(
        (each) => !same(new Map([[each, genuine.get(each)!]]), new Map([[each, fork.get(each)!]])),
      ),
    )
    return { files: new Map([...genuine, [path, fork.get(path)!]]), options: trusted }
  },
  'a wrong key': async (genuine, draw) => {
    const files = await sampleBundle({ ...shape, signedBy: `impostor ${draw.below(1e9)}` })
    await verifyLedger(bundleOf(files))
    return { files, options: draw.of([{ key: trusted.key }, { heads: [text(genuine, 'checkpoint')] }]) }
  },
  'a stale head': async (genuine, draw) => {
    const size = 41 + draw.below(239)
    const files = await sampleBundle({ sizes: [40, size], proofs: [3], opened: [3], prune: null })
    await verifyLedger(bundleOf(files), trusted)
    return { files, options: { ...trusted, heads: [text(genuine, 'checkpoint')] } }
  },
  'a former log left out, or another': async (_, draw) => {
    const files = await sampleBundle(goingOn)
    await verifyLedger(bundleOf(files), trusted)
    const other = draw.of(['checkpoint', 'checkpoints/40'])
    const manifest = JSON.parse(text(files, 'bundle.json')) as { previous?: string }
    if (draw.below(2) === 0) manifest.previous = trusted.key
    else {
      delete manifest.previous
      files.delete('previous/checkpoint')
    }
    if (manifest.previous !== undefined) files.set('previous/checkpoint', files.get(other)!)
    files.set('bundle.json', Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`))
    files.set('README.md', Buffer.from(bundleReadme(decodeManifest(files.get('bundle.json')!), logKey)))
    return { files, options: trusted }
  },
  'a kept event dropped': async (_, draw) => {
    const dropped = 1 + draw.below(2) + 3 * (1 + draw.below(80))
    const shown = [...pruned.proofs, dropped].sort((a, b) => a - b)
    const kept = shown.filter((index) => index < pruned.minIndex)
    await verifyLedger(bundleOf(await sampleBundle({ ...pruned, proofs: shown })), trusted)
    return { files: await sampleBundle({ ...pruned, kept }), options: trusted }
  },
  'a beginning dropped': async (_, draw) => {
    const files = await sampleBundle({ ...pruned, prune: draw.of([null, 4]) })
    return { files, options: trusted }
  },
}
