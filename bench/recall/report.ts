import { type Hit, interval, type Measure, mean, measures } from './measures.ts'

/** What one way of ranking found, question by question. */
export interface Row {
  readonly name: string
  readonly hits: readonly Hit[]
  /** Of the questions, in the same order. */
  readonly categories: readonly string[]
}

const titles: Record<Measure, string> = { recall5: 'recall@5', recall10: 'recall@10', reciprocalRank: 'MRR' }
const heads = measures.map((measure) => titles[measure])

/** Means with their 95 % intervals, as a table of Markdown. */
export function printTable(rows: readonly Row[]): void {
  printRow(['way', ...heads])
  printRow(['---', ...heads.map(() => '---')])
  for (const { name, hits } of rows) printRow([name, ...measures.map((measure) => about(valuesOf(hits, measure)))])
}

/** The last way against each other one: the mean difference of the same questions, with its 95 % interval. */
export function printComparison(best: Row, others: readonly Row[]): void {
  console.log('')
  printRow([`${best.name} minus`, ...heads])
  printRow(['---', ...heads.map(() => '---')])
  for (const { name, hits } of others) {
    const differences = (measure: Measure) => hits.map((hit, place) => best.hits[place]![measure] - hit[measure])
    printRow([name, ...measures.map((measure) => about(differences(measure), true))])
  }
}

/** Recall@10 of each category of questions. */
export function printCategories(rows: readonly Row[]): void {
  const names = [...new Set(rows[0]!.categories)]
  const of = ({ categories }: Row, name: string) => categories.filter((category) => category === name).length
  console.log('')
  printRow(['recall@10', ...names.map((name) => `${name} (${of(rows[0]!, name)})`)])
  printRow(['---', ...names.map(() => '---')])
  for (const { name, hits, categories } of rows) {
    const own = (wanted: string) => hits.filter((_, place) => categories[place] === wanted)
    printRow([name, ...names.map((wanted) => mean(valuesOf(own(wanted), 'recall10')).toFixed(3))])
  }
}

function valuesOf(hits: readonly Hit[], measure: Measure): number[] {
  return hits.map((hit) => hit[measure])
}

function about(values: readonly number[], signed = false): string {
  const [low, high] = interval(values)
  const text = (value: number) => (signed && value >= 0 ? '+' : '') + value.toFixed(3)
  return `${text(mean(values))} (${text(low)} to ${text(high)})`
}

function printRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`)
}
