import { embedAll } from '../recall/embedder.ts'
import type { IndexEntry } from '../recall/index-entry.ts'
import type { ShelfEntry } from '../recall/shelf.ts'
import { termsOf } from '../recall/terms.ts'
import type { Labels } from '../store/reading.ts'
import type { Kernel } from './kernel.ts'
import type { Details } from './row.ts'

/** Vectors of the texts, or null for each when there is no embedder. */
export async function vectorsOf(
  kernel: Kernel,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<(Float32Array | null)[]> {
  if (kernel.embedder === null) return texts.map(() => null)
  return embedAll(kernel.embedder, texts, signal)
}

/** Name of the embedder's model as it stands on every entry; null without an embedder. */
export function modelOf(kernel: Kernel): string | null {
  return kernel.embedder === null ? null : `${kernel.embedder.provider}/${kernel.embedder.modelId}`
}

export function indexOf(kernel: Kernel, content: string, details: Details, vector: Float32Array | null): IndexEntry {
  const { tags, agent, session } = details
  return { model: modelOf(kernel), vector, terms: termsOf(content), tags, agent, session }
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
