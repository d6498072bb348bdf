import type {
  EraseSubjectOptions,
  EraseTenantOptions,
  ReadableMemory,
  RunningErasure,
  ScopedMemory,
  ScopeErasures,
} from 'memkeep'
import type { z } from 'zod'

/** What a credential reaches: where its reads look, and where its writes and deletions go. */
export interface Reach {
  readonly reads: ReadableMemory
  readonly writes: ScopedMemory
  /** Null for a credential that was minted itself, or on an operator's word: it makes no others. */
  readonly mints: Mints | null
  readonly erases: Erases
}

/** What the credentials that another mints take from it. */
export interface Mints {
  /** When it ends, in milliseconds since 1970: what it mints ends no later. `Infinity`: never. */
  readonly endsMs: number
  /** Tag of an API key, whose revocation they share; null: it is a token of an identity provider. */
  readonly maker: string | null
}

/** What a credential may ask to have erased: exactly what it is for. */
export type Erases =
  | {
      readonly kind: 'subject'
      readonly begin: (options: EraseSubjectOptions) => Promise<RunningErasure>
      readonly made: ScopeErasures
    }
  | {
      readonly kind: 'tenant'
      readonly begin: (options: EraseTenantOptions) => Promise<RunningErasure>
      readonly made: ScopeErasures
    }

/** What a call brings beside its input. */
export interface CallOptions {
  readonly idempotencyKey?: string
  /** Of a call that a model made: what it names as sources is not all. */
  readonly madeFromMore?: boolean
  readonly signal?: AbortSignal
}

/**
 * One thing that a door offers: a strict schema and one call of the kernel. No input has a field for a tenant, a subject or
 * a scope. Sizes and forms are the kernel's to judge; the schema says which fields there are and of which type.
 */
export interface Operation<Input extends z.ZodType, Answer> {
  readonly input: Input
  run(reach: Reach, input: z.output<Input>, options: CallOptions): Promise<Answer>
}
