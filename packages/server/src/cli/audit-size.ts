import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { type LedgerPartSize, ledgerSizes } from 'memkeep/install'
import type { Place } from '../open-keep.ts'
import { readArguments, UsageError } from './arguments.ts'
import type { Command } from './command.ts'
import { placeFor, refuseAbsent } from './deployment.ts'
import { type Forecast, forecast } from './ledger-forecast.ts'
import { print, printJson } from './output.ts'

export const auditSize: Command = {
  name: 'audit size',
  takes: '[--keep-reads DAYS] [--json] [--data DIR]',
  does: 'shows what the ledger takes by class, how it grows, and what it will take in a year',
  notes: [
    'Rows are as the database estimates them. The growth is that since the period before the current one began (30 days for reads,',
    '360 for the others) or, in a younger deployment, since it was installed; where an earlier build installed it that is not known,',
    'and a younger one grows faster than is said. `leaf` is the leaves of all events, `log` the hashes and signed heads. With',
    '--keep-reads (or MEMKEEP_AUDIT_KEEP_READS_DAYS) reads, and their leaves, count while they are kept; the cold tier does not.',
    'Changes nothing. --json prints {"parts": [{"part", "rows", "bytes", "rowsPerDay", "bytesPerDay", "bytesInAYear"}]}.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['keep-reads'], flags: ['json'] })
    const keepReads = given.number('keep-reads') ?? daysOf(process.env.MEMKEEP_AUDIT_KEEP_READS_DAYS)
    const place = placeFor(given)
    refuseAbsent(place)
    const parts = forecast(await sizesOf(place), keepReads)
    if (given.flag('json')) await printJson({ parts })
    else await tell(parts)
    return 0
  },
}

function daysOf(text: string | undefined): number | null {
  if (text === undefined || text === '') return null
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new UsageError('MEMKEEP_AUDIT_KEEP_READS_DAYS takes a whole number')
}

async function sizesOf(place: Place): Promise<readonly LedgerPartSize[]> {
  if (place.kind === 'server') return ledgerSizes(place.appUrl)
  const engine = await embedded({ dir: join(place.dir, 'db') }).start()
  try {
    return await ledgerSizes({ ...engine.app })
  } finally {
    await engine.release()
  }
}

async function tell(parts: readonly Forecast[]): Promise<void> {
  const total = (of: (part: Forecast) => number) => parts.reduce((sum, part) => sum + of(part), 0)
  const lines = [
    ...parts.map((part) => [
      part.part,
      String(Math.round(part.rows)),
      megabytes(part.bytes),
      megabytes(part.bytesPerDay),
      megabytes(part.bytesInAYear),
    ]),
    [
      'all',
      '',
      megabytes(total(({ bytes }) => bytes)),
      megabytes(total(({ bytesPerDay }) => bytesPerDay)),
      megabytes(total(({ bytesInAYear }) => bytesInAYear)),
    ],
  ]
  for (const line of [['', 'rows', 'MB', 'MB a day', 'MB in a year'], ...lines]) {
    const [name, ...numbers] = line
    await print(`${name!.padEnd(6)}${numbers.map((text) => text.padStart(14)).join('')}\n`)
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)
