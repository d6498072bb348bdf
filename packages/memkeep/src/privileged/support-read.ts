import { MemkeepError } from '../core/errors.ts'
import type { GrantClaims } from '../core/grant.ts'
import { isUuid } from '../core/ids.ts'
import { subjectNameContext } from '../keys/subject-name.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import type { Claims } from '../store/token.ts'
import type { SupportPage, SupportReading } from './break-glass.ts'
import { callOf, type PrivilegedKernel } from './privileged-kernel.ts'

/** Whose reading, under which access. */
interface Under {
  readonly grant: GrantClaims
  readonly keys: TenantKeys
  readonly on: Pick<Claims, 'reach' | 'shelf'>
  readonly id: string
}

/** Every label: the access is for the whole of what it is on. */
const everyLabel = 0b111

/** One call of the doorway, which judges the access, records what it shows, and shows it. Nothing is opened before that has committed. */
export async function readUnderSupport(
  kernel: PrivilegedKernel,
  { grant, keys, on, id }: Under,
  { memory, limit = 50, cursor }: SupportReading,
): Promise<SupportPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'limit must be a whole number from 1 to 100')
  }
  if ((memory !== undefined && !isUuid(memory)) || (cursor !== undefined && !isUuid(cursor))) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'memory and cursor are ids of memories')
  }
  const doorway = on.reach === 'all' ? 'wide_support_read' : 'support_read'
  const args = [id, kernel.supportNeedsSecond, memory ?? null, cursor ?? null, limit]
  const call = await callOf(kernel, { grant, keys, doorway, args, on: { ...on, clearance: everyLabel }, support: id })
  const rows = await kernel.doorways.read<ReadingRow>(call)
  expectShown(rows.find((row) => row.part === parts.outcome)?.outcome)
  const found = rows.filter((row) => row.part === parts.memory)
  const names = await namesIn(keys, found)
  const items = await kernel.openRows(keys, call.claims, found, (subject) => names.get(subject.toString('hex')) ?? null)
  return { items, nextCursor: found.length === limit && memory === undefined ? found.at(-1)!.id : null }
}

/** A reading of every subject brings the sealed name of each row's shelf. */
async function namesIn(keys: TenantKeys, rows: readonly ReadingRow[]): Promise<Map<string, string>> {
  const own = await keys.own()
  return new Map(
    rows
      .filter(({ entry }) => (entry as Buffer | null) !== null)
      .map(({ subject, entry }) => [
        subject.toString('hex'),
        own.open('name', entry, subjectNameContext(subject)).toString('utf8'),
      ]),
  )
}

function expectShown(outcome: string | null | undefined): void {
  if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the scope was erased, or is being erased')
  if (outcome !== 'ok' && outcome !== 'missing') throw noAccess()
}

export function noAccess(): MemkeepError {
  return new MemkeepError('ERR_ACCESS_DENIED', 'no support access of this principal stands there')
}
