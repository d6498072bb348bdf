import type { Artifact } from '../artifacts/artifact.ts'
import type { ScopeClaims } from '../core/scope.ts'
import type { Claims } from '../store/token.ts'
import { type Access, withAccess } from './access.ts'
import { openStanding } from './artifacts/lost-keys.ts'
import { readArtifacts } from './artifacts/read.ts'
import { callMemory } from './call.ts'
import type { Kernel } from './kernel.ts'
import { noteRecalled } from './recalled.ts'

/** An artifact in an export: one that can be read, or (`covered` false) that says where something is. */
export interface ExportedArtifact
  extends Pick<
    Artifact,
    | 'id'
    | 'version'
    | 'kind'
    | 'metadata'
    | 'trust'
    | 'sensitivity'
    | 'shared'
    | 'covered'
    | 'derivedFrom'
    | 'createdAt'
    | 'updatedAt'
  > {
  readonly type: 'artifact'
  readonly content: string
  /** As of a memory: set in an export of the whole tenant, null for what is shared. */
  readonly subject: string | null
}

const pageSize = 100
const ready = [0]

/**
 * What was made of the memories of an export: a subject's own, not what its tenant shares (that may say what others said); of the common scope what is
 * shared; of a tenant-wide one all. Newest first. `claims` are those that the export reads by.
 */
export async function* exportArtifacts(
  kernel: Kernel,
  scope: ScopeClaims,
  claims: (access: Access) => Claims,
  names: (subject: Buffer) => string | null,
): AsyncGenerator<ExportedArtifact> {
  for (let before: string | null = null; ; ) {
    const page: { readonly last: string | null; readonly found: ExportedArtifact[] } = await callMemory(
      kernel,
      scope,
      'export_memory',
      () =>
        withAccess(kernel, scope, async (plain) => {
          const access = { ...plain, claims: claims(plain) }
          const rows = await readArtifacts(kernel, access, [false, null, null, ready, before, pageSize])
          const found: ExportedArtifact[] = []
          for (const row of rows) {
            if (scope.reach !== 'all' && !row.subject.equals(access.shelf)) continue
            const [artifact] = await openStanding(kernel, access, [row])
            if (artifact !== undefined) found.push(exported(artifact, names(row.subject)))
          }
          await noteRecalled(kernel, access, found)
          return { last: rows.length < pageSize ? null : rows.at(-1)!.id, found }
        }),
    )
    yield* page.found
    if (page.last === null) return
    before = page.last
  }
}

function exported(
  { state: _, attempts: __, failure: ___, content, ...told }: Artifact,
  subject: string | null,
): ExportedArtifact {
  return { type: 'artifact', ...told, content: content!, subject }
}
