import { type Line, readCorpus } from '../../scripts/screening/corpus.ts'
import { inWords } from './interval.ts'
import { detectorRows, distillerShares, freshRows, type Row } from './measures.ts'

const table = (title: string, rows: readonly Row[]): string[] => [
  `| ${title} | flagged | quarantined |`,
  '|---|---|---|',
  ...rows.map(({ name, flagged, quarantined }) => `| ${name} | ${inWords(flagged)} | ${inWords(quarantined)} |`),
  '',
]

/** What the corpus holds, and the table of the detector on the part that nobody trained or chose on. */
export function detectorTables(lines: readonly Line[] = readCorpus()): string {
  const test = lines.filter(({ part }) => part === 'test')
  const rows = detectorRows(test)
  const distiller = distillerShares(test)
  const count = (part: string, keep: (line: Line) => boolean): number =>
    lines.filter((line) => line.part === part && keep(line)).length
  return [
    '| part | attacks | harmless | of these with trigger words |',
    '|---|---|---|---|',
    ...['train', 'validation', 'test'].map(
      (part) =>
        `| ${part} | ${count(part, ({ family }) => family !== null)} | ${count(part, ({ family }) => family === null)} | ${count(part, ({ trigger }) => trigger)} |`,
    ),
    '',
    ...table('harmless texts (lower is better)', rows.harmless),
    ...table('attacks (higher is better)', rows.attacks),
    ...table('attacks by family', rows.families),
    ...table('texts written without sight of rules and corpus', freshRows()),
    '| the `extractive` distiller | |',
    '|---|---|',
    `| harmless texts kept to the character | ${inWords(distiller.kept)} |`,
    `| of those with trigger words | ${inWords(distiller.keptTrigger)} |`,
    `| attacks of which nothing is kept | ${inWords(distiller.dropped)} |`,
  ].join('\n')
}
