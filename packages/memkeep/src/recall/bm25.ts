import type { Languages } from './languages.ts'
import type { Postings } from './postings.ts'
import type { Selection } from './selection.ts'
import type { Shelf } from './shelf.ts'
import { queryStems } from './stemmed.ts'

const saturation = 1.2
const lengthWeight = 0.75

/** What the words of a query give the selected rows of one shelf. */
export interface WordScores {
  /** Slots of the rows that share a term, each once. */
  readonly slots: number[]
  /** Score by slot: above 0 for `slots`, 0 for all others. */
  readonly scores: Float64Array
}

/**
 * Okapi BM25 (k1 1.2, b 0.75; idf ln(1 + (N - n + ½) / (n + ½)); a word that stands twice in the query counts twice).
 * A word of the query is looked for in each row by its stem in that row's language, and not at all where it is a stop
 * word there; as it stands where `languages` does not know the language. The rows that hold it, whatever their language, are
 * its n. Statistics are those of all selected rows together. One result per selection, in their order. Rows that share no
 * term are not visited.
 */
export function wordScores(
  selections: readonly Selection[],
  words: ReadonlyMap<string, number>,
  languages: Languages | null,
): WordScores[] {
  const rows = selections.reduce((sum, selection) => sum + selection.rows, 0)
  const averageLength = selections.reduce((sum, selection) => sum + selection.length, 0) / rows
  const results = selections.map(({ shelf }) => ({ slots: [], scores: new Float64Array(shelf.slots) }))
  const codes = new Set(selections.flatMap(({ shelf }) => [...shelf.languages]))
  const stems = new Map<string | null, ReadonlyMap<string, string>>()
  for (const code of codes) {
    const language = code === null ? null : (languages?.language(code) ?? null)
    stems.set(code, queryStems(words.keys(), language))
  }
  for (const [word, weight] of words) {
    const found = selections.map(({ shelf }) => postingsOf(shelf, word, stems))
    const holders = selections.reduce((sum, selection, place) => sum + count(selection, found[place]!), 0)
    if (holders === 0) continue
    const idf = Math.log(1 + (rows - holders + 0.5) / (holders + 0.5))
    const gain = weight * idf * (saturation + 1)
    selections.forEach((selection, place) => {
      for (const postings of found[place]!) addTerm(results[place]!, selection, postings, gain, averageLength)
    })
  }
  return results
}

/** Who holds a word on one shelf: a list for each language that stands there. */
function postingsOf(
  shelf: Shelf,
  word: string,
  stems: ReadonlyMap<string | null, ReadonlyMap<string, string>>,
): Postings[] {
  const found: Postings[] = []
  for (const code of shelf.languages) {
    const stem = stems.get(code)!.get(word)
    const postings = stem === undefined ? undefined : shelf.postings(stem, code)
    if (postings) found.push(postings)
  }
  return found
}

/** How many selected rows hold a word. */
function count(selection: Selection, found: readonly Postings[]): number {
  let holders = 0
  for (const { pairs, size } of found) {
    if (selection.isWhole) holders += size
    else for (let at = 0; at < size * 2; at += 2) if (selection.has(pairs[at]!)) holders++
  }
  return holders
}

function addTerm(
  { slots, scores }: WordScores,
  selection: Selection,
  { pairs, size }: Postings,
  gain: number,
  averageLength: number,
): void {
  const { shelf } = selection
  for (let at = 0; at < size * 2; at += 2) {
    const slot = pairs[at]!
    if (!selection.has(slot)) continue
    const times = pairs[at + 1]!
    if (scores[slot] === 0) slots.push(slot)
    const damping = saturation * (1 - lengthWeight + (lengthWeight * shelf.lengthAt(slot)) / averageLength)
    scores[slot]! += (gain * times) / (times + damping)
  }
}
