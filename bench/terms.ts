/**
 * The time that finding the words of a text takes for 32 KiB, the largest that a memory may be, beside 4 KiB of the same: of each
 * kind of text that takes another way through it. In proportion it is 8; a way that is quadratic shows as 64.
 *
 *   node --conditions=memkeep-src bench/terms.ts
 */
import { termsOf } from '../packages/memkeep/src/recall/terms.ts'

const units = ['a', 'a ', 'the quick brown fox ', '我住在北京大学', '👍', '\u0301', "'", 'ᾷ']

/** The shortest of 20 turns, in milliseconds. */
function timeOf(text: string): number {
  const times = Array.from({ length: 20 }, () => {
    const began = performance.now()
    termsOf(text)
    return performance.now() - began
  })
  return Math.min(...times)
}

for (const unit of units) {
  const text = unit.repeat(32 * 1024).slice(0, 32 * 1024)
  const ratio = timeOf(text) / timeOf(text.slice(0, 4096))
  console.log(`${JSON.stringify(unit).padEnd(24)} ${ratio.toFixed(1)}`)
}
