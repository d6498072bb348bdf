/**
 * What `use-lite` costs here: until the first answer, a text alone, texts of a batch, a long text, and what the process grows by.
 *
 *   node --conditions=memkeep-src bench/embedder.ts
 */
import { useLite } from 'memkeep/embedders/use-lite'
import { median } from './rounds.ts'
import { memoryText } from './texts.ts'

const mib = () => process.memoryUsage.rss() / 2 ** 20
const before = mib()

async function timeOf(values: string[]): Promise<number> {
  const began = performance.now()
  await embedder.doEmbed({ values })
  return performance.now() - began
}

await using embedder = useLite()
const first = await timeOf([memoryText(0)])
const loaded = mib()
const alone: number[] = []
for (let number = 1; number <= 60; number++) alone.push(await timeOf([memoryText(number)]))
const batch: number[] = []
for (let from = 0; from < 10; from++) {
  batch.push((await timeOf(Array.from({ length: 32 }, (_, number) => memoryText(100 + 32 * from + number)))) / 32)
}
const long: number[] = []
for (let number = 0; number < 10; number++) {
  long.push(await timeOf([Array.from({ length: 50 }, (_, line) => memoryText(1000 + 50 * number + line)).join(' ')]))
}
console.log(
  '| until the first answer | a text alone | each of a batch of 32 | one of 4,000 characters | memory, model loaded | after all |',
)
console.log('|---|---|---|---|---|---|')
const times = [first, median(alone), median(batch), median(long)].map((ms) => `${ms.toFixed(0)} ms`)
console.log(
  `| ${times.join(' | ')} | ${(loaded - before).toFixed(0)} MiB more | ${(mib() - before).toFixed(0)} MiB more |`,
)
