import { EventOpener, type Under } from '../../audit/event-opener.ts'
import type { LedgerReader, LogKeys } from '../../audit/ledger-reader.ts'
import type { EventRow } from '../../audit/logged-event.ts'
import { encodeOpening } from '../../proof/commitment.ts'
import { lookupId } from '../input.ts'
import { expectOutcome } from '../outcome.ts'

type Row = Omit<EventRow, 'outcome'> &
  Under & { readonly outcome: string | null; readonly ended: string; readonly seq: number | null }

const endOfTime = 8_640_000_000_000_000
const lastUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** What shows one event's details and nothing of the others: the text of an opening. Stands in the ledger as a list of one. */
export async function openEvent(keys: LogKeys, reader: LedgerReader, given: unknown): Promise<string | null> {
  const event = lookupId(given)
  return reader.read(async (log) => {
    // The newest event before the id that follows.
    const doorway = log.wide ? 'wide_list_events' : 'list_events'
    const rows = await log.call<Row>(doorway, [0, endOfTime, null, following(event), 1])
    expectOutcome(rows.find((row) => row.outcome !== null)?.outcome, 'ok')
    const row = rows.find((each) => each.outcome === null && each.id === event)
    if (row === undefined || row.seq === null) return null
    const opener = new EventOpener(log.keys, await keys.deployment())
    const part = await opener.open({ ...row, outcome: row.ended }, row)
    if (part === null) return null
    return Buffer.from(encodeOpening({ index: row.seq, parts: [part] })).toString('utf8')
  })
}

/** Nothing follows the last; no event has that one, and none is found before it that does. */
function following(id: string): string {
  if (id === lastUuid) return id
  const hex = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(32, '0')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
