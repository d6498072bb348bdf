// Trains packages/memkeep/src/screening/model/weights.json on corpus/: the train part for the weights, the validation part and what of the train part a
// model meets that was trained without it for the two thresholds. The same corpus gives the same bytes. To be run after a change of the corpus, the reading, the rules or the features; a
// test fails while they differ.
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { buckets, featuresOf } from '../packages/memkeep/src/screening/model/features.ts'
import { LinearModel, type Weights, weightsFile } from '../packages/memkeep/src/screening/model/linear-model.ts'
import { type Observed, observe } from '../packages/memkeep/src/screening/model/observed.ts'
import { type Line, readCorpus } from './screening/corpus.ts'
import { type Fitted, fitted, type Sample } from './screening/fit.ts'

const seed = 20_260_000
/** Fitted apart and added up: what one run of chance says more loudly than the others counts less. */
const runs = 6
/** How many lines are also shown with a harmless one beside them. */
const mixed = 0.5
/** Most harmless lines that were not trained on which may be flagged: three in two hundred. Of the validation part none may be quarantined. */
const flagged = 0.015
/** The train part is left out in so many turns: its groups are other scenes, as those of strangers are. */
const folds = 4

const options = { buckets, epochs: 12, rate: 0.3, decay: 0.0003, dropped: 0.4, benignWeight: 1.5 }

/** What weights.json has to be. */
export function trainedWeights(lines: readonly Line[] = readCorpus()): string {
  const train = lines.filter(({ part }) => part === 'train')
  const file = fileOf(train)
  return `${JSON.stringify({ ...file, ...thresholds(new LinearModel(file), lines, unseenLogits(train)) }, null, 2)}\n`
}

/** Weights of these lines, with no thresholds yet. */
function fileOf(train: readonly Line[]): Weights {
  const fits = Array.from({ length: runs }, (_, run) => fitOnce(train, random(seed + run)))
  const weights = Float64Array.from({ length: buckets }, (_, at) => mean(fits.map(({ weights }) => weights[at]!)))
  const step = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / 127
  const bytes = Int8Array.from(weights, (weight) => Math.round(weight / step))
  return {
    step,
    bias: mean(fits.map(({ bias }) => bias)),
    flag: 0,
    quarantine: 1,
    weights: Buffer.from(bytes).toString('base64'),
  }
}

/** What harmless lines score under a model that was trained without the scenes that they are of. */
function unseenLogits(train: readonly Line[]): number[] {
  const groups = [...new Set(train.map(({ group }) => group))].sort()
  const foldOf = new Map(groups.map((group, at) => [group, at % folds]))
  return Array.from({ length: folds }, (_, fold) => {
    const model = new LinearModel(fileOf(train.filter(({ group }) => foldOf.get(group) !== fold)))
    const left = train.filter(({ family, group }) => family === null && foldOf.get(group) === fold)
    return left.map(({ text }) => said(model, observe(text)))
  }).flat()
}

function said(model: LinearModel, seen: readonly Observed[]): number {
  return Math.max(...seen.map((each) => model.logit(each)))
}

function fitOnce(train: readonly Line[], chance: () => number): Fitted {
  const harmless = train.filter(({ family }) => family === null)
  const beside = (text: string): string => {
    const other = harmless[Math.floor(chance() * harmless.length)]!.text
    return chance() < 0.5 ? `${other} ${text}` : `${text} ${other}`
  }
  const samples: Sample[] = []
  for (const { text, family } of train) {
    const attack = family !== null
    samples.push({ features: wholeOf(text), attack })
    if (chance() < mixed) samples.push({ features: wholeOf(beside(text)), attack })
  }
  return fitted(samples, { ...options, random: chance })
}

/** A long line is trained on by its beginning. */
function wholeOf(text: string): number[] {
  return featuresOf(observe(text)[0]!)
}

/** Quarantined can be only what a rule holds in too (`findIn`), so the upper threshold is chosen among those. */
function thresholds(
  model: LinearModel,
  lines: readonly Line[],
  unseen: readonly number[],
): Pick<Weights, 'flag' | 'quarantine'> {
  const harmless = lines.filter(({ part, family }) => part === 'validation' && family === null)
  const stretches = harmless.map(({ text }) => observe(text))
  const all = [...stretches.map((each) => said(model, each)), ...unseen].sort((a, b) => b - a)
  const explained = said(
    model,
    stretches.flat().filter(({ rules }) => rules.length > 0),
  )
  const flag = upTo(all[Math.floor(all.length * flagged)]!)
  return { flag, quarantine: Math.max(upTo(explained), flag + 0.5) }
}

/** Thresholds stand just above what they let pass, to the hundredth. */
function upTo(logit: number): number {
  return Math.ceil(logit * 100 + 1) / 100
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Numbers in [0, 1) that follow from the seed alone (mulberry32). */
function random(from: number): () => number {
  let state = from >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixing = Math.imul(state ^ (state >>> 15), state | 1)
    mixing ^= mixing + Math.imul(mixing ^ (mixing >>> 7), mixing | 61)
    return ((mixing ^ (mixing >>> 14)) >>> 0) / 2 ** 32
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(weightsFile, trainedWeights())
