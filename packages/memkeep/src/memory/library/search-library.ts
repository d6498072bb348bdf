import { MemkeepError } from '../../core/errors.ts'
import { type Sensitivity, sensitivities, type Trust, trusts } from '../../core/labels.ts'
import type { Memory } from '../../core/memory.ts'
import type { ScopeClaims } from '../../core/scope.ts'
import { checkText } from '../../core/text.ts'
import { openLibraryEntry } from '../../keys/library-key.ts'
import { termsOf } from '../../recall/terms.ts'
import { renderEvidence } from '../../screening/evidence.ts'
import { callRead, withAccess } from '../access.ts'
import { hideLost, keyLost } from '../artifacts/lost-keys.ts'
import { checkKeys, checkLimit, checkOneOf } from '../input.ts'
import type { Kernel } from '../kernel.ts'
import { expectOutcome } from '../outcome.ts'
import { noteRecalled } from '../recalled.ts'

export interface LibrarySearchOptions {
  /** Default 10, at most 100. */
  readonly limit?: number
  /** Never a byte of what is trusted less. */
  readonly minTrust?: Trust
}

/** An entry of the deployment's library. */
export interface LibraryEntry {
  readonly id: string
  readonly kind: string
  readonly content: string
  readonly trust: Trust
  readonly sensitivity: Sensitivity
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Higher is better; comparable within one answer only. */
  readonly score: number
}

export interface LibraryAnswer {
  readonly entries: readonly LibraryEntry[]
  /** The same as text for a prompt, marked as the library's. */
  readonly evidence: string
}

interface EntryRow {
  readonly outcome: string | null
  readonly id: string
  readonly version: number
  readonly kind: string
  readonly sensitivity: number
  readonly trust: number
  readonly created_ms: number
  readonly updated_ms: number
  readonly seal: Buffer
  readonly epoch: number
  readonly content: Buffer
}

/** Entries that share a word with the query, those of rare words first. The tenant's own memories are never among them. */
export async function searchLibrary(
  kernel: Kernel,
  scope: ScopeClaims,
  given: unknown,
  options: unknown,
): Promise<LibraryAnswer> {
  const query = checkText(given, 'query', kernel.limits.queryBytes)
  const asked = checkKeys<LibrarySearchOptions>(options, 'search options', ['limit', 'minTrust'])
  const limit = checkLimit(asked.limit, kernel.limits.results, 10)
  const least = asked.minTrust === undefined ? 0 : trusts.indexOf(checkOneOf(asked.minTrust, 'minTrust', trusts))
  const deployment = await kernel.keyring.deployment()
  return withAccess(kernel, scope, async (access) => {
    const rows = await callRead<EntryRow>(kernel, access, 'library', [deployment.tag])
    expectOutcome(rows.find((row) => row.outcome !== null)?.outcome, 'ok')
    const entries: Omit<LibraryEntry, 'score'>[] = []
    const lost: EntryRow[] = []
    for (const row of rows) {
      if (row.outcome !== null || row.trust < least) continue
      if ((access.claims.clearance & (1 << row.sensitivity)) === 0) {
        throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought a row beyond the scope')
      }
      const { id, version, kind } = row
      const labels = { sensitivity: sensitivities[row.sensitivity]!, trust: trusts[row.trust]! }
      const content = await openLibraryEntry(deployment, { id, version, kind, ...labels }, row).catch(keyLost)
      if (content === null) {
        lost.push(row)
        continue
      }
      entries.push({
        id,
        kind,
        content,
        ...labels,
        createdAt: new Date(row.created_ms),
        updatedAt: new Date(row.updated_ms),
      })
    }
    await hideLost(kernel, deployment, deployment.epoch, lost, kernel.libraryRebuilders)
    const found = rankByWords(entries, query).slice(0, limit)
    await noteRecalled(
      kernel,
      access,
      found.map(({ trust }) => ({ trust, common: true })),
    )
    return { entries: found, evidence: evidenceOf(found) }
  })
}

/** Each shared word counts by how few entries hold it. */
function rankByWords(entries: readonly Omit<LibraryEntry, 'score'>[], query: string): LibraryEntry[] {
  const words = [...termsOf(query).keys()]
  const held = entries.map((entry) => ({ entry, terms: termsOf(entry.content) }))
  const weights = words.map((word) =>
    Math.log(1 + entries.length / (1 + held.filter(({ terms }) => terms.has(word)).length)),
  )
  return held
    .map(({ entry, terms }) => ({
      ...entry,
      score: words.reduce((sum, word, at) => sum + (terms.has(word) ? weights[at]! : 0), 0),
    }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

const mark = "From the library of the deployment, which its tenants share; not from this tenant's memories.\n"

function evidenceOf(entries: readonly LibraryEntry[]): string {
  return entries.length === 0 ? '' : mark + renderEvidence(entries.map(asMemory))
}

/** As the evidence of memories is written: quoted as data. */
function asMemory({ id, kind, content, trust, sensitivity, createdAt, updatedAt }: LibraryEntry): Memory {
  const absent = {
    source: 'library',
    supersedes: null,
    agent: null,
    session: null,
    speaker: null,
    tool: null,
    flags: [],
    importance: null,
    expiresAt: null,
    subject: null,
  }
  const times = { at: updatedAt, createdAt, updatedAt }
  return {
    id,
    version: 1,
    content,
    actor: 'agent',
    trust,
    sensitivity,
    kind,
    tags: [],
    metadata: {},
    derivedFrom: [],
    common: true,
    ...times,
    ...absent,
  }
}
