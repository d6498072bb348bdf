import { MemkeepError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { parts, type ReadingRow } from '../store/reading.ts'
import { type Access, callRead, withAccess } from './access.ts'
import { callDisclosing } from './disclosing.ts'
import { lookupId } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { inSight, shelvesInReach } from './reach.ts'
import { noteRecalled } from './recalled.ts'
import { RowOpener } from './row.ts'

/** The memory's current version, or null: a foreign id and a missing one are one answer and one piece of work. */
export async function get(kernel: Kernel, scope: ScopeClaims, id: unknown): Promise<Memory | null> {
  const [memory] = await read(kernel, scope, id, false)
  return memory ?? null
}

/** Every version, newest first; empty when there is no such memory in sight. */
export function history(kernel: Kernel, scope: ScopeClaims, id: unknown): Promise<Memory[]> {
  return read(kernel, scope, id, true)
}

async function read(kernel: Kernel, scope: ScopeClaims, given: unknown, withHistory: boolean): Promise<Memory[]> {
  const id = lookupId(given)
  return withAccess(kernel, scope, async (access) => {
    const memories = await readVersions(kernel, access, id, withHistory, callDisclosing)
    if (memories[0] === undefined || !inSight(scope, memories[0])) return []
    await noteRecalled(kernel, access, memories)
    return memories
  })
}

/** The versions of one memory as the doorway brings them, newest first. With `callDisclosing` for a caller who is shown them. */
export async function readVersions(
  kernel: Kernel,
  access: Access,
  id: string,
  withHistory: boolean,
  call: typeof callRead = callRead,
): Promise<Memory[]> {
  const wide = access.scope.reach === 'all'
  const rows = await call<ReadingRow>(kernel, access, wide ? 'wide_read' : 'read', [id, withHistory])
  expectOutcome(rows.find((row) => row.part === parts.outcome)?.outcome, 'ok', 'missing')
  const found = rows.filter((row) => row.part === parts.memory)
  const names = wide && found.length > 0 ? (await shelvesInReach(kernel, access)).names : () => null
  const opener = new RowOpener(access.keys, access.claims)
  if (found.some((row) => row.id !== id)) throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought another row')
  return opener.openMemories(found, names)
}
