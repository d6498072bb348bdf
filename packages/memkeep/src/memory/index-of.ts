import { type Embedder, embedAll, embedToStore } from '../recall/embedder.ts'
import type { IndexEntry, ModelVector } from '../recall/index-entry.ts'
import type { Query } from '../recall/rank.ts'
import type { ShelfEntry } from '../recall/shelf.ts'
import { stemmed } from '../recall/stemmed.ts'
import { queryTermsOf, termsOf } from '../recall/terms.ts'
import { turnWords } from '../recall/turn-words.ts'
import type { Labels } from '../store/reading.ts'
import type { Kernel } from './kernel.ts'
import type { Details } from './row.ts'

/** Vectors of the texts, to be stored, or null for each when there is no embedder. */
export async function vectorsOf(
  kernel: Pick<Kernel, 'embedder'>,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<(Float32Array | null)[]> {
  return kernel.embedder === null ? texts.map(() => null) : embedToStore(kernel.embedder, texts, signal)
}

/** What is made of one text: by the embedder, and by the former one while there is one. */
export interface Vectors {
  readonly own: Float32Array | null
  readonly former?: ModelVector
}

/** For a text that is to be embedded later. */
export const noVectors: Vectors = Object.freeze({ own: null })

/** Vectors of a query: nothing of them stays. */
export async function queryVectors(kernel: Embedding, query: string, signal?: AbortSignal): Promise<Vectors[]> {
  return allVectorsOf(kernel, [query], signal, embedAll)
}

/** As `vectorsOf`, by the former embedder too. */
export async function allVectorsOf(
  kernel: Embedding,
  texts: readonly string[],
  signal?: AbortSignal,
  ask: typeof embedAll = embedToStore,
): Promise<Vectors[]> {
  const { embedder, formerEmbedder } = kernel
  const own = embedder === null ? texts.map(() => null) : await ask(embedder, texts, signal)
  if (!formerEmbedder) return own.map((vector) => ({ own: vector }))
  const model = modelName(formerEmbedder)
  const former = await ask(formerEmbedder, texts, signal)
  return own.map((vector, place) => ({ own: vector, former: { model, vector: former[place]! } }))
}

/** As it stands on every entry. */
export function modelName({ provider, modelId }: Embedder): string {
  return `${provider}/${modelId}`
}

/** Name of the embedder's model; null without an embedder. */
export function modelOf(kernel: Pick<Kernel, 'embedder'>): string | null {
  return kernel.embedder === null ? null : modelName(kernel.embedder)
}

type Embedding = Pick<Kernel, 'embedder' | 'formerEmbedder'>

/** What of the kernel decides how a text is found. */
type Recalling = Pick<Kernel, 'embedder' | 'languages'>

/** What a search asks of the shelves. */
export function queryOf(
  kernel: Recalling,
  text: string,
  vector: Float32Array | null,
  { former }: Pick<Vectors, 'former'> = {},
): Query {
  const query = { terms: queryTermsOf(text), languages: kernel.languages ?? null, vector, model: modelOf(kernel) }
  return former === undefined ? query : { ...query, former }
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

interface More extends Pick<Vectors, 'former'> {
  readonly atMs?: number | null
  readonly importance?: number | null
}

/** What is said in a session is also found by its speaker and, where its time is given here, by its date. */
export function indexOf(
  kernel: Recalling,
  content: string,
  details: Pick<Details, 'tags' | 'agent' | 'session' | 'speaker'>,
  vector: Float32Array | null,
  { atMs = null, importance = null, former }: More = {},
): IndexEntry {
  const { tags, agent, session, speaker } = details
  const code = kernel.languages?.languageOf(content) ?? null
  const language = code === null ? null : kernel.languages!.language(code)
  const turn = session === null ? '' : turnWords({ speaker, atMs }, code)
  const terms = stemmed(termsOf(`${content}\n${turn}`), language)
  const entry = { model: modelOf(kernel), vector, language: code, terms, tags, agent, session, importance }
  return former === undefined ? entry : { ...entry, former }
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
    ...(labels.standsAbove === undefined ? {} : { standsAbove: labels.standsAbove }),
    index,
  }
}
