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

/** Every version, newest first, and then those of what it superseded; empty when there is no such memory in sight. */
export function history(kernel: Kernel, scope: ScopeClaims, id: unknown): Promise<Memory[]> {
  return read(kernel, scope, id, true)
}

async function read(kernel: Kernel, scope: ScopeClaims, given: unknown, withHistory: boolean): Promise<Memory[]> {
  const id = lookupId(given)
  return withAccess(kernel, scope, async (access) => {
    const memories = await readVersions(kernel, access, id, withHistory, callDisclosing)
    if (memories[0] === undefined || !inSight(scope, memories[0])) return []
    const seen = memories.filter((memory) => inSight(scope, memory))
    await noteRecalled(kernel, access, seen)
    return seen
  })
}

/**
 * The versions of one memory as the doorway brings them, newest first; with its history, also what it superseded. With `callDisclosing` for a caller who
 * is shown them.
 */
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
  const versions = await opener.openMemories(found, names)
  // Each row is the memory asked for, or what one before it says in its seal that it superseded.
  const known = new Set([id])
  for (const version of versions) {
    if (!known.has(version.id)) throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought another row')
    if (withHistory && version.supersedes !== null) known.add(version.supersedes)
  }
  return versions
}
