import type { Memory } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { labelsOf, parts, type ReadingRow } from '../store/reading.ts'
import type { Claims } from '../store/token.ts'
import { type Access, withAccess } from './access.ts'
import { callMemory } from './call.ts'
import { expectRight } from './denied.ts'
import { callDisclosing } from './disclosing.ts'
import { type ExportedArtifact, exportArtifacts } from './export-artifacts.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { shelvesInReach } from './reach.ts'
import { noteRecalled } from './recalled.ts'
import { RowOpener } from './row.ts'

/**
 * One record of an export: a version of a memory (`current`: neither an earlier one, nor superseded, nor `held` for review), what was made of memories, or (last) how many of
 * each store there were.
 */
export type ExportRecord =
  | ({ readonly type: 'memory'; readonly current: boolean; readonly held: boolean } & Memory)
  | ExportedArtifact
  | {
      readonly type: 'counts'
      readonly memories: number
      readonly versions: number
      /** Only where there are any. */
      readonly artifacts?: number
    }

const pageSize = 200
/** A page ends with the memory that brings it to so many versions, however few memories that are. */
const pageVersions = 400
/** In the place of a shelf's version, of a memory that another one has superseded. */
const superseded = -2
const beforeAll = '00000000-0000-0000-0000-000000000000'

/**
 * Everything that is held about the scope's subject (or the tenant's common memories; or, tenant-wide, every subject), with
 * provenance and every version, each memory's newest first; then what was made of them; counts last. The right `export` carries full clearance for
 * it: without that right it throws `ERR_ACCESS_DENIED`, and never leaves anything out. Pages are read one after another:
 * what is written meanwhile may or may not be in it.
 */
export async function* exportAll(kernel: Kernel, scope: ScopeClaims): AsyncGenerator<ExportRecord> {
  const counts = { memories: 0, versions: 0 }
  const { subjects, names } = await callMemory(kernel, scope, 'export_memory', () =>
    withAccess(kernel, scope, (access) => shelvesToExport(kernel, access)),
  )
  for (const subject of subjects) {
    for (let after = beforeAll; ; ) {
      const { rows, more } = await callMemory(kernel, scope, 'export_memory', () =>
        withAccess(kernel, scope, (access) => readPage(kernel, access, subject, after)),
      )
      for (const record of await callMemory(kernel, scope, 'export_memory', () =>
        withAccess(kernel, scope, (access) => openPage(kernel, access, rows, names(subject))),
      )) {
        if (record.current) counts.memories++
        else counts.versions++
        yield record
      }
      if (!more) break
      after = labelsOf(rows.at(-1)!).id
    }
  }
  let artifacts = 0
  for await (const artifact of exportArtifacts(kernel, scope, exportClaims, names)) {
    artifacts++
    yield artifact
  }
  yield { type: 'counts', ...counts, ...(artifacts === 0 ? {} : { artifacts }) }
}

async function shelvesToExport(kernel: Kernel, access: Access) {
  if (access.scope.reach === 'all') {
    const needed = rightBits.export | rightBits.tenant
    await expectRight(kernel, access, needed, 'wide_export', [access.shelf, beforeAll, pageSize])
    return shelvesInReach(kernel, { ...access, claims: exportClaims(access) })
  }
  return { subjects: [access.shelf], names: () => null }
}

interface Page {
  readonly rows: readonly ReadingRow[]
  /** Whether there may be memories behind these. */
  readonly more: boolean
}

async function readPage(kernel: Kernel, access: Access, subject: Buffer, after: string): Promise<Page> {
  const doorway = access.scope.reach === 'all' ? 'wide_export' : 'export'
  const rows = await callDisclosing<ReadingRow>(
    kernel,
    access,
    doorway,
    [subject, after, pageSize],
    exportClaims(access),
    [pageVersions],
  )
  const answer = rows.find((row) => row.part === parts.outcome)
  expectOutcome(answer?.outcome, 'ok')
  return { rows: rows.filter((row) => row.part === parts.memory), more: answer?.version === 1 }
}

/** The right to export carries full clearance, and is one to read. */
function exportClaims({ claims }: Access): Claims {
  const rights = claims.rights | rightBits.read
  return (claims.rights & rightBits.export) === 0 ? claims : { ...claims, clearance: 0b111, rights }
}

async function openPage(kernel: Kernel, access: Access, rows: readonly ReadingRow[], subject: string | null) {
  const opener = new RowOpener(access.keys, exportClaims(access))
  const records = []
  let before: string | null = null
  const memories = await opener.openMemories(rows, () => subject)
  await noteRecalled(kernel, access, memories)
  for (const [place, memory] of memories.entries()) {
    const { shelf_version } = rows[place]!
    const isFirst = memory.id !== before
    // Of those that come first, a memory has the version of its shelf.
    const held = isFirst && shelf_version === null
    const current = isFirst && !held && shelf_version !== superseded
    records.push({ type: 'memory' as const, current, held, ...memory })
    before = memory.id
  }
  return records
}
