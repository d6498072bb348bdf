import { type ImportReport, importFile } from '../import/import-file.ts'
import { readBounded } from '../import/read-bounded.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress } from './output.ts'

const mostBytes = 128 * 1024 * 1024
/** Bad lines that a person is shown; --json has all. */
const shownLines = 20

export const importMemories: Command = {
  name: 'import',
  takes: 'FILE|- --tenant T [--subject S] [--session NAME] [--keep-going] [--json] [--data DIR]',
  does: 'stores a file of memories or a chat transcript',
  notes: [
    'FILE is UTF-8, at most 128 MiB, - is stdin. Either JSON Lines, each one of',
    '  {"content", "actor", "subject"?, "sensitivity"?, "tags"?, "metadata"?, "at"?, "session"?}',
    '  {"role", "content", "name"?, "at"?}   a message in the OpenAI shape',
    'or one JSON document of such messages, {"messages": [...]} or [...], or what `memkeep export` wrote.',
    '"at" is an ISO 8601 date, or a time with its zone.',
    'Messages without text (tool calls) are skipped and counted; calls and images beside a text are not kept.',
    'Every line is checked before the first is stored. A bad one is reported with its number, and then nothing is stored;',
    '--keep-going stores the good ones, lists the bad, and fails all the same.',
    'Importing the same file again adds nothing; it completes an import that broke off. Up to 1,000 lines are one commit.',
    'Without --subject every line must name its own; with it, a line that names another is bad.',
    'NAME is the session of lines that name none; messages without it get one made of the file.',
    'An export must be whole: its last line, the counts, is checked. Ids are new, older versions are left out; what is held',
    'already is not added, wherever it came from; common memories go to the tenant as a whole (without --subject).',
    'What the gate catches is held for review, and counted as held; nothing finds it until it is released.',
    'Turns of a talk end after 30 days, unless upkeep keeps them, or what they state: it says how many, and when.',
    '--json prints {"imported", "held", "already", "ends": {"number", "first", "last"} or null, "unit",',
    '"bad": [{"line", "code", "why"}], "skipped", "cut", "lowered"}.',
  ],
  async run(args) {
    const values = ['tenant', 'subject', 'session']
    const given = readArguments(args, { values, flags: ['keep-going', 'json'], words: ['FILE'] })
    const target = {
      tenant: given.required('tenant'),
      subject: given.value('subject') ?? null,
      session: given.value('session') ?? null,
    }
    if (given.words[0] === '-' && process.stdin.isTTY) progress('reading from the terminal; end with Ctrl-D')
    const file = await readBounded(given.words[0]!, mostBytes)
    let stored = 0
    const onProgress = (done: number, all: number): void => {
      stored = done
      if (all > 1000) progress(`${done} of ${all} stored`)
    }
    const options = { keepGoing: given.flag('keep-going'), onProgress }
    const report = await withKeep(given, (keep) => importFile(keep, file, target, options), { searches: true }).catch(
      (error: unknown) => {
        if (stored > 0) progress(`${stored} are stored; import the same file again to complete it`)
        throw error
      },
    )
    await tell(report, given.flag('json'))
    return report.bad.length === 0 ? 0 : 1
  },
}

async function tell(report: ImportReport, asJson: boolean): Promise<void> {
  const { unit, imported, held, already, ends, bad, skipped, cut, lowered } = report
  for (const { number, why } of bad.slice(0, shownLines)) progress(`${unit} ${number}: ${why}`)
  if (bad.length > shownLines) progress(`and ${bad.length - shownLines} more (--json lists all)`)
  if (asJson) {
    const remarks = { bad: byUnit(report.bad, unit), skipped: byUnit(skipped, unit) }
    return printJson({ imported, held, already, ends, unit, ...remarks, cut, lowered })
  }
  if (bad.length > 0 && imported + already === 0) progress('nothing was stored')
  const said = [
    `${imported} imported`,
    ...(held > 0 ? [`${held} of them held for review`] : []),
    ...(ends === null ? [] : [endsWhen(ends)]),
    ...(already > 0 ? [`${already} were there already`] : []),
    ...[...Map.groupBy(skipped, ({ why }) => why)].map(
      ([why, lines]) => `${lines.length} skipped: ${why} (${unit} ${lines[0]!.number} first)`,
    ),
    ...(cut > 0 ? [`${cut} without parts that are not kept`] : []),
    ...(lowered > 0 ? [`${lowered} trusted less than the export says`] : []),
    ...(bad.length > 0 ? [`${bad.length} bad`] : []),
  ]
  return print(`${said.join(', ')}\n`)
}

function endsWhen({ number, first, last }: NonNullable<ImportReport['ends']>): string {
  const [from, to] = [first, last].map((moment) => moment.toISOString().slice(0, 10))
  const when = from === to ? `on ${from}` : `from ${from} to ${to}`
  return number === 1
    ? `1 of them ends ${when} unless upkeep keeps it`
    : `${number} of them end ${when} unless upkeep keeps them`
}

/** The number under the name of what it counts. */
function byUnit(remarks: ImportReport['skipped'], unit: string): Record<string, string | number>[] {
  return remarks.map(({ number, ...rest }) => ({ [unit]: number, ...rest }))
}
