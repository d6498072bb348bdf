/**
 * The same questions asked of each store, with one embedder (`use-lite`, English, offline): recall@5, recall@10 and MRR with
 * 95 % intervals, and Memkeep against each, question by question.
 *
 *   npm run bench:peers:quality -- bench/sets/held-out.json bench/sets/development.json
 *
 * Every store gets the same texts, with the speaker's name before each turn: that is also what Memkeep embeds. Memkeep is asked
 * three ways: of these texts as single notes, the same with stems, and of the talk as turns (docs/recall.md), which is
 * what it has of its own. Needs pgvector as speed.ts does.
 */
import { snowball } from '../../packages/memkeep/src/recall/drivers/snowball.ts'
import { useLite } from '../../packages/memkeep/src/recall/drivers/use-lite.ts'
import { libraryAnswers } from '../recall/library.ts'
import { hitOf } from '../recall/measures.ts'
import { type QuestionSet, readQuestionSet } from '../recall/question-set.ts'
import { printComparison, printTable, type Row } from '../recall/report.ts'
import type { Contestant, Embed } from './contestant.ts'
import { startStand } from './stand.ts'

/** Results that are looked at: evidence behind them counts as not found. */
const most = 10

const files = process.argv.slice(2)
if (files.length === 0) {
  console.error('usage: npm run bench:peers:quality -- FILE ...')
  process.exit(2)
}

const embedder = useLite()
const embed: Embed = {
  name: 'use-lite',
  dims: 512,
  texts: async (texts) => (await embedder.doEmbed({ values: [...texts] })).embeddings,
}
const languages = await snowball({ languages: ['en'] })
await using stand = await startStand()

const together = new Map<string, Row>()
for (const [place, file] of files.entries()) {
  const set = await readQuestionSet(file, (text) => console.error(text))
  const found = await answersOf(set, `set${place}`)
  for (const [name, lists] of found) {
    const before = together.get(name) ?? { name, hits: [], categories: [] }
    const hits = lists.map((list, n) => hitOf(list, set.questions[n]!.evidence))
    const categories = set.questions.map(({ category }) => category)
    together.set(name, { name, hits: [...before.hits, ...hits], categories: [...before.categories, ...categories] })
  }
}
const rows = [...together.values()]
console.log(`\n${files.length} sets, ${rows[0]!.hits.length} questions\n`)
printTable(rows)
printComparison(rows[0]!, rows.slice(1))
console.log(`\n${stand.about()}`)
await embedder.close()

/** What each store found for each question, as ids of the set. */
async function answersOf(set: QuestionSet, name: string): Promise<Map<string, readonly (readonly string[])[]>> {
  const found = new Map<string, readonly (readonly string[])[]>()
  found.set('Memkeep, turns of a talk, stems', await libraryAnswers(set, { embedder, languages }, most))
  const stemmed = (await stand.open(`${name}_stems`, embed, { languages, only: 'Memkeep' }))[0]!
  found.set('Memkeep, single notes, stems', await ask(stemmed, set))
  await stemmed.close()
  for (const contestant of await stand.open(name, embed)) {
    found.set(contestant.name === 'Memkeep' ? 'Memkeep, single notes' : contestant.name, await ask(contestant, set))
    await contestant.close()
  }
  return found
}

async function ask(contestant: Contestant, set: QuestionSet): Promise<string[][]> {
  const subjects = [...new Set(set.memories.map(({ subject }) => subject))]
  const tenantOf = (subject: string) => `tenant-${String(subjects.indexOf(subject)).padStart(3, '0')}`
  const ids = new Map<string, string>()
  for (const subject of subjects) {
    const memories = set.memories.filter((each) => each.subject === subject)
    const texts = memories.map(({ speaker, content }) => (speaker === null ? content : `${speaker}: ${content}`))
    const made = await contestant.fill(tenantOf(subject), texts)
    made.forEach((id, place) => {
      ids.set(id, memories[place]!.id)
    })
  }
  await contestant.settle?.()
  const found: string[][] = []
  for (const { question, subject } of set.questions) {
    found.push((await contestant.search(tenantOf(subject), question, most)).map((id) => ids.get(id)!))
  }
  return found
}
