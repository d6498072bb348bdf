/** One way of doing a thing, timed against the others in turns. */
export interface Contestant {
  readonly name: string
  /** One operation by one of the clients. */
  readonly run: (client: number) => Promise<unknown>
}

export interface Standing {
  readonly name: string
  /** Operations a second: median over the rounds. */
  readonly perSecond: number
  /** To the contestant named as baseline: median of the rounds' own ratios, so that noise common to a round cancels. */
  readonly ratio: (baseline: string) => number
  /** The 99th percentile of one operation's time over the median, all rounds together. */
  readonly spread: number
}

/** Runs every contestant once a round, in an order that rotates, for `seconds` each. One round before them warms up. */
export async function interleave(
  contestants: readonly Contestant[],
  options: { readonly rounds: number; readonly seconds: number; readonly clients: number },
): Promise<Standing[]> {
  const speeds = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]))
  for (let round = -1; round < options.rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round + 1) % contestants.length]!
      const { speed, took } = await measure(
        contestant,
        round < 0 ? options.seconds / 2 : options.seconds,
        options.clients,
      )
      if (round < 0) continue
      speeds.get(contestant.name)!.push(speed)
      times.get(contestant.name)!.push(...took)
    }
  }
  return contestants.map(({ name }) => {
    const own = speeds.get(name)!
    return {
      name,
      perSecond: median(own),
      ratio: (baseline) => median(own.map((speed, round) => speed / speeds.get(baseline)![round]!)),
      spread: percentile(times.get(name)!, 0.99) / percentile(times.get(name)!, 0.5),
    }
  })
}

async function measure(
  contestant: Contestant,
  seconds: number,
  clients: number,
): Promise<{ readonly speed: number; readonly took: readonly number[] }> {
  const began = performance.now()
  const until = began + seconds * 1000
  const took: number[] = []
  const client = async (number: number): Promise<void> => {
    for (let start = began; start < until; ) {
      await contestant.run(number)
      const now = performance.now()
      took.push(now - start)
      start = now
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
  return { speed: (took.length * 1000) / (performance.now() - began), took }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
