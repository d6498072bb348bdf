import { type AddInput, MemkeepError, type Trust } from 'memkeep'
import { exportedMoment } from './moment.ts'

/** A memory's standing version as an export has it. Null for `subject`: the export was of one subject, or it is common. */
export interface ExportedMemory {
  readonly id: string
  readonly subject: string | null
  readonly common: boolean
  readonly agent: string | null
  readonly speaker: string | null
  readonly trust: Trust
  /** With the ids of its sources as they stand in the file. */
  readonly input: AddInput &
    Required<Pick<AddInput, 'sensitivity' | 'kind' | 'tags' | 'metadata' | 'derivedFrom' | 'at'>>
}

/** One line of `memkeep export`: the standing version of a memory, an older one (or what is no memory: superseded, or held for review), what was made of memories, or the counts at its end. */
export type ExportLine =
  | { readonly as: 'memory'; readonly memory: ExportedMemory }
  | { readonly as: 'older version'; readonly held: boolean }
  | { readonly as: 'artifact' }
  | { readonly as: 'counts'; readonly memories: unknown; readonly versions: unknown; readonly artifacts: unknown }

/** The fields of a memory in `export.schema.json`: each must be there, and no other may be. */
export const exportedFields: readonly string[] = [
  ...[
    'type',
    'current',
    'held',
    'id',
    'version',
    'content',
    'actor',
    'trust',
    'sensitivity',
    'kind',
    'tags',
    'metadata',
  ],
  ...[
    'source',
    'derivedFrom',
    'supersedes',
    'agent',
    'session',
    'speaker',
    'tool',
    'importance',
    'flags',
    'at',
    'createdAt',
    'updatedAt',
    'expiresAt',
  ],
  ...['common', 'subject'],
]
/** Exports of before they were there lack them. */
const laterFields: readonly string[] = ['held', 'importance', 'tool', 'flags', 'supersedes']
const trusts: readonly unknown[] = ['external', 'user', 'agent', 'system']

/** True for a line that only `memkeep export` writes: neither a memory for import nor a message has a `type`. */
export function isExportLine(value: unknown): value is { readonly type: 'memory' | 'artifact' | 'counts' } {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'type')) return false
  const { type } = value as { type: unknown }
  return type === 'memory' || type === 'artifact' || type === 'counts'
}

/** Reads one line of an export. Throws `ERR_INPUT_INVALID`; what the kernel checks is left to the kernel. */
export function readExportLine(value: unknown): ExportLine {
  if (!isExportLine(value)) throw invalid('is not a line of an export, though the file is one')
  if (value.type === 'counts') {
    const { memories, versions, artifacts = 0 } = value as { [store: string]: unknown }
    return { as: 'counts', memories, versions, artifacts }
  }
  if (value.type === 'artifact') return { as: 'artifact' }
  const given = value as Record<string, unknown>
  for (const field of exportedFields) {
    if (!laterFields.includes(field) && !Object.hasOwn(given, field)) throw invalid(`lacks the field ${field}`)
  }
  if (Object.keys(given).some((field) => !exportedFields.includes(field))) {
    throw invalid('has a field that no export of this version has')
  }
  if (typeof given.current !== 'boolean') throw invalid('current must be true or false')
  const { held = false } = given
  if (typeof held !== 'boolean') throw invalid('held must be true or false')
  return given.current && !held ? { as: 'memory', memory: readMemory(given) } : { as: 'older version', held }
}

function readMemory(given: Record<string, unknown>): ExportedMemory {
  const { id, trust, common, expiresAt, source, session, importance = null, tool = null } = given
  if (typeof id !== 'string') throw invalid('id must be a string')
  if (typeof common !== 'boolean') throw invalid('common must be true or false')
  if (!trusts.includes(trust)) throw invalid(`trust must be one of: ${trusts.join(', ')}`)
  const subject = textOrNull(given, 'subject')
  if (common && subject !== null) throw invalid('is of a subject and of the tenant as a whole')
  const { content, actor, sensitivity, kind, tags, metadata, derivedFrom } = given
  const input = {
    ...{ content, actor, sensitivity, kind, tags, metadata, derivedFrom, at: exportedMoment(given.at) },
    ...(source === null ? {} : { source }),
    ...(session === null ? {} : { session }),
    ...(importance === null ? {} : { importance }),
    ...(tool === null ? {} : { tool }),
    ...(expiresAt === null ? {} : { expiresAt: exportedMoment(expiresAt) }),
  } as unknown as ExportedMemory['input']
  const [agent, speaker] = [textOrNull(given, 'agent'), textOrNull(given, 'speaker')]
  return { id, subject, common, agent, speaker, trust: trust as Trust, input }
}

function textOrNull(given: Record<string, unknown>, field: string): string | null {
  const value = given[field]
  if (value !== null && typeof value !== 'string') throw invalid(`${field} must be a string or null`)
  return value
}

function invalid(why: string): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', why)
}
