import { type Artifact, type ArtifactState, artifactStates } from '../../artifacts/artifact.ts'
import { MemkeepError } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import type { ScopeClaims } from '../../core/scope.ts'
import { type Access, callRead, withAccess } from '../access.ts'
import { checkArray, checkKeys, checkKinds, checkLimit, checkOneOf, lookupId } from '../input.ts'
import type { Kernel } from '../kernel.ts'
import { expectOutcome } from '../outcome.ts'
import { noteRecalled } from '../recalled.ts'
import type { ArtifactRow } from './artifact-row.ts'
import { openStanding } from './lost-keys.ts'

export interface ArtifactListOptions {
  /** Default 50, at most 100. */
  readonly limit?: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
  readonly kinds?: readonly string[]
  /** Default: those that can be read. `['dead']` are the dead letters of rebuilding. */
  readonly states?: readonly ArtifactState[]
}

export interface ArtifactPage {
  readonly items: readonly Artifact[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

/** Artifacts in reach, newest first. */
export async function listArtifacts(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<ArtifactPage> {
  const options = checkKeys<ArtifactListOptions>(given, 'list options', ['limit', 'cursor', 'kinds', 'states'])
  const limit = checkLimit(options.limit, kernel.limits.results, 50)
  const { cursor = null } = options
  if (cursor !== null && !isUuid(cursor))
    throw new MemkeepError('ERR_INPUT_INVALID', 'cursor is not one that list gave')
  const kinds = options.kinds === undefined ? null : [...checkKinds(options.kinds)]
  const states = checkStates(options.states ?? ['ready'])
  return withAccess(kernel, scope, async (access) => {
    const rows = await readArtifacts(kernel, access, [false, null, kinds, states, cursor, limit + 1])
    const page = rows.slice(0, limit)
    const items = await openStanding(kernel, access, page)
    await noteRecalled(kernel, access, items)
    return { items, nextCursor: rows.length > limit ? page.at(-1)!.id : null }
  })
}

/** The artifact, or null: a foreign id, a missing one and one that is hidden are one answer. */
export async function getArtifact(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<Artifact | null> {
  const id = lookupId(given)
  return withAccess(kernel, scope, async (access) => {
    const [row] = await readArtifacts(kernel, access, [false, [id], null, [0], null, 1])
    if (row === undefined) return null
    const [artifact] = await openStanding(kernel, access, [row])
    if (artifact === undefined) return null
    await noteRecalled(kernel, access, [artifact])
    return artifact
  })
}

/** Rows of the doorway `artifacts`, for the arguments that follow tenant and token. */
export async function readArtifacts(
  kernel: Kernel,
  access: Access,
  args: readonly [
    boolean,
    readonly string[] | null,
    readonly string[] | null,
    readonly number[] | null,
    string | null,
    number,
  ],
): Promise<ArtifactRow[]> {
  const doorway = access.scope.reach === 'all' ? 'wide_artifacts' : 'artifacts'
  const rows = await callRead<ArtifactRow>(kernel, access, doorway, args)
  expectOutcome(rows.find((row) => row.outcome !== null)?.outcome, 'ok', 'missing')
  const found = rows.filter((row) => row.outcome === null)
  if (args[1] !== null && found.some(({ id }) => !args[1]!.includes(id))) {
    throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought another row')
  }
  return found
}

function checkStates(given: unknown): number[] {
  const states = checkArray(given, 'states', artifactStates.length)
  return states.map((state) => artifactStates.indexOf(checkOneOf(state, 'a state', artifactStates)))
}
