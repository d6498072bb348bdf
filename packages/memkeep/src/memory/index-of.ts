import { embedAll } from '../recall/embedder.ts'
import type { IndexEntry } from '../recall/index-entry.ts'
import type { Query } from '../recall/rank.ts'
import type { ShelfEntry } from '../recall/shelf.ts'
import { stemmed } from '../recall/stemmed.ts'
import { termsOf } from '../recall/terms.ts'
import { turnWords } from '../recall/turn-words.ts'
import type { Labels } from '../store/reading.ts'
import type { Kernel } from './kernel.ts'
import type { Details } from './row.ts'

/** Vectors of the texts, or null for each when there is no embedder. */
export async function vectorsOf(
  kernel: Pick<Kernel, 'embedder'>,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<(Float32Array | null)[]> {
  if (kernel.embedder === null) return texts.map(() => null)
  return embedAll(kernel.embedder, texts, signal)
}

/** Name of the embedder's model as it stands on every entry; null without an embedder. */
export function modelOf(kernel: Pick<Kernel, 'embedder'>): string | null {
  return kernel.embedder === null ? null : `${kernel.embedder.provider}/${kernel.embedder.modelId}`
}

/** What of the kernel decides how a text is found. */
type Recalling = Pick<Kernel, 'embedder' | 'languages'>

/** What a search asks of the shelves. */
export function queryOf(kernel: Recalling, text: string, vector: Float32Array | null): Query {
  return { terms: termsOf(text), languages: kernel.languages ?? null, vector, model: modelOf(kernel) }
}

/** What is embedded of a memory: a turn is found by who spoke as well. Nothing of another memory, which may be erased. */
export function embeddedText({
  content,
  speaker,
}: {
  readonly content: string
  readonly speaker: string | null
}): string {
  return speaker === null ? content : `${speaker}: ${content}`
}

/** What is said in a session is also found by its speaker and, where its time is given here, by its date. */
export function indexOf(
  kernel: Recalling,
  content: string,
  details: Pick<Details, 'tags' | 'agent' | 'session' | 'speaker'>,
  vector: Float32Array | null,
  { atMs = null, importance = null }: { readonly atMs?: number | null; readonly importance?: number | null } = {},
): IndexEntry {
  const { tags, agent, session, speaker } = details
  const code = kernel.languages?.languageOf(content) ?? null
  const language = code === null ? null : kernel.languages!.language(code)
  const turn = session === null ? '' : turnWords({ speaker, atMs }, code)
  const terms = stemmed(termsOf(`${content}\n${turn}`), language)
  return { model: modelOf(kernel), vector, language: code, terms, tags, agent, session, importance }
}

export function shelfEntry(labels: Labels, shelf: Buffer, index: IndexEntry): ShelfEntry {
  return {
    id: labels.id,
    subjectTag: shelf.toString('hex'),
    version: labels.version,
    kind: labels.kind,
    trust: labels.trust,
    sensitivity: labels.sensitivity,
    createdAtMs: labels.createdMs,
    atMs: labels.atMs,
    expiresAtMs: labels.expiresMs,
    index,
  }
}
