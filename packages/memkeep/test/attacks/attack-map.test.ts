import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const tests = new URL('../', import.meta.url)
const page = readFileSync(new URL('../../../docs/attacks.md', tests), 'utf8')

/** The rows of docs/attacks.md: number, and the tests that the last column names. */
function rowsOf(text: string) {
  return [...text.matchAll(/^\| (R\d+) \|.*\| (.+) \|$/gm)].map(([, number, shown]) => ({
    number: number!,
    named: [...shown!.matchAll(/`([^`]+)` "([^"]+)"/g)].map(([, file, title]) => ({ file: file!, title: title! })),
    places: shown!.split(' · ').length,
  }))
}

/** What is named there and is nowhere. */
function missing(text: string): string[] {
  return rowsOf(text).flatMap(({ number, named, places }) => {
    const lost = named.filter(({ file, title }) => !holds(new URL(file, tests), title))
    const unread = named.length === places ? [] : [`${number}: a test that is not named as \`file\` "title"`]
    return [...lost.map(({ file, title }) => `${number}: ${file} "${title}"`), ...unread]
  })
}

function holds(file: URL, title: string): boolean {
  if (!existsSync(file)) return false
  const quotes = [`'${title}'`, `"${title}"`, `\`${title}\``]
  return quotes.some((quoted) => readFileSync(file, 'utf8').includes(`(${quoted}`))
}

test('docs/attacks.md has a row for each of R1 to R21, and every test that it names is there', () => {
  expect(rowsOf(page).map(({ number }) => number)).toEqual(Array.from({ length: 21 }, (_, n) => `R${n + 1}`))
  expect(missing(page)).toEqual([])
})

test('every vector that is planted is one that the page names so', () => {
  const planted = readFileSync(new URL('attacks/planted-vectors.test.ts', tests), 'utf8')
  const numbers = new Set([...planted.matchAll(/number: '(R\d+)'|test\('(R\d+):/g)].map(([, a, b]) => a ?? b!))
  expect(numbers.size).toBeGreaterThan(0)
  const named = rowsOf(page).filter((row) => row.named.some(({ file }) => file === 'attacks/planted-vectors.test.ts'))
  expect(named.map(({ number }) => number).sort()).toEqual([...numbers].sort())
})

test('a test that was renamed, a file that is gone and a name without quotes are found', () => {
  const row = (shown: string) => missing(`| R1 | x | y | ${shown} |`)
  expect(row('`attacks/doorway.test.ts` "no such test"')).toHaveLength(1)
  expect(row('`attacks/no-such.test.ts` "reads"')).toHaveLength(1)
  expect(row('`attacks/doorway.test.ts`')).toHaveLength(1)
  expect(row('`attacks/doorway.test.ts` "becomes none of our roles, nor anybody else"')).toEqual([])
})
