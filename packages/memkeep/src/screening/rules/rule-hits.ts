import type { Reading } from '../reading/read.ts'
import type { Family } from '../screener.ts'
import type { Matcher, Occurrence } from './matcher.ts'
import { macros, type RuleText } from './rule-list.ts'

export interface Rule {
  /** `family/name`. */
  readonly id: string
  readonly family: Family
  readonly weight: number
}

interface Compiled extends Rule {
  readonly length: number
  /** Most words between a part and the one before it. */
  readonly gaps: readonly number[]
  /** Where its parts' ends stand in the table of one run. */
  readonly base: number
}

interface Use {
  readonly rule: number
  readonly part: number
}

/**
 * All rules at once over the concepts of a text. Of each beginning of each rule it is enough to know where it last ended, so
 * the work for an occurrence is the number of parts that name its concept, whatever the text is.
 */
export class RuleSet {
  readonly rules: readonly Rule[]
  readonly #compiled: readonly Compiled[] = []
  readonly #uses: Use[][] = []
  readonly #parts: number = 0
  /** How many parts were looked at since this set was made: what the tests of linearity count. */
  steps = 0

  constructor(matcher: Matcher, texts: readonly RuleText[]) {
    const compiled: Compiled[] = []
    for (const { family, name, pattern, weight } of texts) {
      const { slots, gaps } = parsed(pattern)
      for (const [part, slot] of slots.entries()) {
        for (const concept of slot) {
          const id = matcher.conceptNamed(concept)
          this.#uses[id] ??= []
          this.#uses[id].push({ rule: compiled.length, part })
        }
      }
      compiled.push({ id: `${family}/${name}`, family, weight, length: slots.length, gaps, base: this.#parts })
      this.#parts += slots.length
    }
    // Later parts first: one phrase must not stand for two parts of a rule.
    for (const uses of this.#uses) uses?.sort((a, b) => b.part - a.part)
    this.#compiled = compiled
    this.rules = compiled.map(({ id, family, weight }) => ({ id, family, weight }))
  }

  /** Of each concept, how many parts of rules name it. */
  get usesOfConcepts(): readonly number[] {
    return Array.from(this.#uses, (uses) => uses?.length ?? 0)
  }

  /** The rules that hold, by their number, each once. */
  hits(reading: Reading, occurrences: readonly Occurrence[]): number[] {
    const { places } = reading
    const ends = new Int32Array(this.#parts).fill(-1)
    const hit: number[] = []
    for (const { concept, from, to } of occurrences) {
      for (const { rule, part } of this.#uses[concept] ?? []) {
        this.steps++
        const { base, gaps, length } = this.#compiled[rule]!
        if (part > 0) {
          const before = ends[base + part - 1]!
          if (before < 0 || before > from) continue
          if (places[from]! - places[before - 1]! - 1 > gaps[part]!) continue
        }
        if (part + 1 === length) {
          if (ends[base + part]! < 0) hit.push(rule)
        }
        ends[base + part] = to
      }
    }
    return hit
  }
}

function parsed(pattern: string): { readonly slots: readonly (readonly string[])[]; readonly gaps: readonly number[] } {
  const slots: string[][] = []
  const gaps = [0]
  for (const [at, part] of pattern.split(' ').entries()) {
    if (at % 2 === 1) gaps.push(Number(part))
    else slots.push([...new Set(part.split('|').flatMap((name) => (macros[name] ?? name).split('|')))])
  }
  return { slots, gaps }
}
