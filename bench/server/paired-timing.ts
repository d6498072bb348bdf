import type { Client } from './client.ts'

export interface PairedRow {
  readonly endpoint: string
  readonly pairs: number
  /** How often the foreign id took longer than the missing one, in standard deviations from half of the pairs. */
  readonly z: number
}

export interface Paired {
  readonly endpoint: string
  readonly method: string
  readonly pathOf: (id: string) => string
  readonly body?: object
  readonly foreign: string
}

/**
 * Asks for a foreign id and for one that there is not, one right after the other, in an order that a coin decides. The median of their times
 * would hide what a sign test shows. `random` gives numbers from 0 to 1.
 */
export async function pairedTiming(
  client: Client,
  { endpoint, method, pathOf, body, foreign }: Paired,
  missing: () => string,
  pairs: number,
  random: () => number,
): Promise<PairedRow> {
  const timed = async (id: string): Promise<number> => {
    const path = pathOf(id)
    const began = performance.now()
    const { status } = await client.send(method, path, body)
    if (status !== 404) throw new Error(`${method} ${endpoint} was ${status}`)
    return performance.now() - began
  }
  for (let warm = 0; warm < 100; warm++) await timed(warm % 2 === 0 ? foreign : missing())
  let slower = 0
  let counted = 0
  for (let pair = 0; pair < pairs; pair++) {
    const absent = missing()
    const foreignFirst = random() < 0.5
    const first = await timed(foreignFirst ? foreign : absent)
    const second = await timed(foreignFirst ? absent : foreign)
    if (first === second) continue
    counted++
    if (foreignFirst === first > second) slower++
  }
  return { endpoint, pairs: counted, z: (slower - counted / 2) / (Math.sqrt(counted) / 2) }
}

/** The bound of |z| that m rows together pass by chance as often as one row passes 3. */
export function corrected(rows: number): number {
  const tail = upperTail(3) / rows
  let [low, high] = [3, 8]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (upperTail(middle) > tail) low = middle
    else high = middle
  }
  return low
}

/** Of the normal distribution, by Simpson's rule: exact to more digits than anybody reads. */
function upperTail(z: number): number {
  const [steps, end] = [2000, z + 12]
  const width = (end - z) / steps
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  let sum = density(z) + density(end)
  for (let step = 1; step < steps; step++) sum += density(z + step * width) * (step % 2 === 1 ? 4 : 2)
  return (sum * width) / 3
}
