import { readFileSync } from 'node:fs'
import { buckets, featuresOf } from './features.ts'
import { type Observed, observe } from './observed.ts'

/** What `weights.json` holds. Made by `npm run train:screen` out of `corpus/`; not for editing. */
export interface Weights {
  /** One signed byte a bucket, in base64. */
  readonly weights: string
  /** What one step of a byte is worth. */
  readonly step: number
  readonly bias: number
  /** Logits at which the score is 0.5 and 0.9: chosen on the validation part of the corpus. */
  readonly flag: number
  readonly quarantine: number
}

export interface Scored {
  /** 0 to 1: 0.5 where the validation part says to flag, 0.9 where it says to quarantine. */
  readonly score: number
  /** The stretch that looks most like an attack. */
  readonly worst: Observed
}

/** Logistic regression over hashed features: a sum of weights, and what it means. */
export class LinearModel {
  readonly #weights: Int8Array
  readonly #file: Weights

  constructor(file: Weights) {
    this.#file = file
    this.#weights = new Int8Array(Buffer.from(file.weights, 'base64'))
    if (this.#weights.length !== buckets) throw new Error('weights.json belongs to another version of the features')
  }

  score(text: string): Scored {
    const [first, ...others] = observe(text)
    let [worst, logit] = [first!, this.logit(first!)]
    for (const other of others) {
      const its = this.logit(other)
      if (its > logit) [worst, logit] = [other, its]
    }
    const { flag, quarantine } = this.#file
    return { worst, score: 1 / (1 + Math.exp((-Math.log(9) * (logit - flag)) / (quarantine - flag))) }
  }

  /** Positive for what looks like an attack. Divided by the root of how much there is to see: longer texts do not speak louder. */
  logit(observed: Observed): number {
    const features = featuresOf(observed)
    let sum = 0
    for (const feature of features) sum += this.#weights[feature]!
    return this.#file.bias + (this.#file.step * sum) / Math.sqrt(features.length)
  }
}

export const weightsFile = new URL('../../../src/screening/model/weights.json', import.meta.url)

let shipped: LinearModel | undefined

/** The one that ships, read when it is first asked for. */
export function shippedModel(): LinearModel {
  shipped ??= new LinearModel(JSON.parse(readFileSync(weightsFile, 'utf8')))
  return shipped
}
