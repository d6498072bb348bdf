/**
 * How well memories are found: recall@5, recall@10 and the mean reciprocal rank of each part of the ranking and of the
 * whole, with 95 % bootstrap intervals, on one set of memories and questions (docs/recall.md says how a set is written). The whole
 * is compared with each other way, question by question. Ends with 1 where over all sets it finds less than one of its parts, in recall@10.
 *
 *   npm run bench:recall -- FILE ... [--languages en,de|all] [--library] [--categories] [--json]
 *
 * The figures go through the room that `search` ranks in. `--library` adds a row for the same questions asked of
 * `memory.search`, on an embedded keep that the memories were added to.
 */
import { parseArgs } from 'node:util'
import { snowball } from '../packages/memkeep/src/recall/drivers/snowball.ts'
import { useLite, useLiteInstalled } from '../packages/memkeep/src/recall/drivers/use-lite.ts'
import { expectAtLeast } from './bounds.ts'
import { hitOf, mean } from './recall/measures.ts'
import { readQuestionSet } from './recall/question-set.ts'
import { printCategories, printComparison, printTable, type Row } from './recall/report.ts'
import { answers, parts } from './recall/rooms.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    languages: { type: 'string', default: 'en' },
    library: { type: 'boolean', default: false },
    categories: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
if (positionals.length === 0) {
  console.error('usage: npm run bench:recall -- FILE ... [--languages en,de|all] [--library] [--categories] [--json]')
  process.exit(2)
}

/** Results that are looked at: evidence behind them counts as not found. */
const most = 50

const languages = await snowball({ languages: values.languages === 'all' ? 'all' : values.languages.split(',') })
const embedder = useLiteInstalled() ? useLite() : null
if (embedder === null) console.error('no dense rows: the packages of use-lite are not installed')

const together = new Map<string, Row>()
for (const file of positionals) {
  const set = await readQuestionSet(file, (text) => console.error(text)).catch((error: Error) => {
    console.error(error.message)
    process.exit(2)
  })
  const found = await answers(set, { languages, embedder }, most)
  const lists = new Map([...found].map(([{ name }, each]) => [name, each]))
  if (values.library) {
    const { libraryAnswers } = await import('./recall/library.ts')
    lists.set('hybrid, through memory.search', await libraryAnswers(set, { languages, embedder }, most))
  }
  const rows = [...lists].map(([name, each]): Row => {
    const hits = each.map((list, place) => hitOf(list, set.questions[place]!.evidence))
    return { name, hits, categories: set.questions.map(({ category }) => category) }
  })
  for (const row of rows) {
    const before = together.get(row.name) ?? { name: row.name, hits: [], categories: [] }
    const categories = [...before.categories, ...row.categories]
    together.set(row.name, { name: row.name, hits: [...before.hits, ...row.hits], categories })
  }
  report(`${set.name}: ${set.memories.length} memories, ${set.questions.length} questions`, rows)
}
if (positionals.length > 1) report('all sets together', [...together.values()])
expectToBeatItsParts([...together.values()])
await embedder?.close()

function report(title: string, rows: readonly Row[]): void {
  if (values.json) {
    console.log(JSON.stringify({ title, rows }))
    return
  }
  console.log(`\n${title}\n`)
  printTable(rows)
  const whole = rows.find(({ name }) => name === 'hybrid')
  if (whole) printComparison(whole, rows.slice(0, rows.indexOf(whole)))
  if (values.categories) printCategories(rows)
}

function expectToBeatItsParts(rows: readonly Row[]): void {
  const recall = ({ hits }: Row) => mean(hits.map(({ recall10 }) => recall10))
  const whole = rows.find(({ name }) => name === 'hybrid')
  if (whole)
    for (const part of rows)
      if (parts.has(part.name)) expectAtLeast(`recall@10 of hybrid minus ${part.name}`, recall(whole) - recall(part), 0)
}
