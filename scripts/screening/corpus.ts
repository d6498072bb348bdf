import { readdirSync, readFileSync } from 'node:fs'
import { type Family, families } from '../../packages/memkeep/src/screening/screener.ts'
import { written } from './written.ts'

export const parts = ['train', 'validation', 'test'] as const

export type Part = (typeof parts)[number]

export interface Line {
  readonly text: string
  /** Null for what is harmless. */
  readonly family: Family | null
  readonly part: Part
  /** `file/group`: lines of one group were written after each other about one thing, and never stand in two parts. */
  readonly group: string
  readonly language: string
  /** Harmless, in words that attacks use. */
  readonly trigger: boolean
  /** The same attack in other words; of attacks of the test part alone. */
  readonly paraphrase: string | null
}

const corpus = new URL('../../corpus/', import.meta.url)
const header = /^# (?<name>[a-z0-9-]+) (?<part>train|validation|test) (?<language>[a-z]+)(?<trigger> trigger)?$/

/** The whole corpus, in the order of its files. Throws for a line that is none. */
export function readCorpus(): Line[] {
  const attacks = families.flatMap((family) => linesOf(`attacks/${family}.txt`, family))
  const benign = readdirSync(new URL('benign/', corpus))
    .sort()
    .flatMap((file) => linesOf(`benign/${file}`, null))
  return [...attacks, ...benign]
}

function linesOf(file: string, family: Family | null): Line[] {
  const lines: Line[] = []
  let group: Omit<Line, 'text' | 'paraphrase'> | null = null
  for (const [at, row] of readFileSync(new URL(file, corpus), 'utf8').split('\n').entries()) {
    const where = `corpus/${file}:${at + 1}`
    if (row === '') continue
    if (row.startsWith('# ')) {
      const named = header.exec(row)?.groups
      if (named === undefined) throw new Error(`${where}: no header`)
      const { name, part, language, trigger } = named
      group = {
        family,
        part: part as Part,
        group: `${file}/${name}`,
        language: language!,
        trigger: trigger !== undefined,
      }
    } else if (group === null) throw new Error(`${where}: a line without a header`)
    else if (row.startsWith('~ ')) {
      const last = lines.at(-1)
      if (last?.part !== 'test' || last.paraphrase !== null) throw new Error(`${where}: a paraphrase of nothing`)
      lines[lines.length - 1] = { ...last, paraphrase: written(row.slice(2)) }
    } else lines.push({ ...group, text: written(row), paraphrase: null })
  }
  return lines
}
