/** What a text shows, and whether it is an attack. */
export interface Sample {
  readonly features: readonly number[]
  readonly attack: boolean
}

export interface Fitted {
  readonly weights: Float64Array
  readonly bias: number
}

export interface FitOptions {
  readonly buckets: number
  readonly epochs: number
  readonly rate: number
  /** Pulls every weight that is used towards 0. */
  readonly decay: number
  /** Share of the features that a sample loses each time, so that none is relied on alone. */
  readonly dropped: number
  /** What a harmless text counts for, an attack being 1. */
  readonly benignWeight: number
  readonly random: () => number
}

/** The sum over a text's features: positive for attacks. Longer texts do not speak louder. */
export function logitOf({ weights, bias }: Fitted, features: readonly number[]): number {
  let sum = 0
  for (const feature of features) sum += weights[feature]!
  return bias + sum / Math.sqrt(features.length)
}

/** Logistic regression by AdaGrad, one sample at a time in an order drawn anew each epoch. The same numbers, the same weights. */
export function fitted(samples: readonly Sample[], options: FitOptions): Fitted {
  const { buckets, epochs, rate, decay, dropped, benignWeight, random } = options
  const weights = new Float64Array(buckets)
  const squares = new Float64Array(buckets).fill(1e-3)
  let [bias, biasSquares] = [0, 1e-3]
  const order = samples.map((_, at) => at)
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random)
    for (const at of order) {
      const { features, attack } = samples[at]!
      const kept = features.filter(() => random() >= dropped)
      if (kept.length === 0) continue
      const scale = 1 / Math.sqrt(kept.length)
      const guess = 1 / (1 + Math.exp(-logitOf({ weights, bias }, kept)))
      const slope = (guess - (attack ? 1 : 0)) * (attack ? 1 : benignWeight)
      for (const feature of kept) {
        const gradient = slope * scale + decay * weights[feature]!
        squares[feature]! += gradient * gradient
        weights[feature]! -= (rate * gradient) / Math.sqrt(squares[feature]!)
      }
      biasSquares += slope * slope
      bias -= (rate * slope) / Math.sqrt(biasSquares)
    }
  }
  return { weights, bias }
}

function shuffle(order: number[], random: () => number): void {
  for (let at = order.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    ;[order[at], order[other]] = [order[other]!, order[at]!]
  }
}
