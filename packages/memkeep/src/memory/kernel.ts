import type { Rebuilders } from '../artifacts/rebuilder.ts'
import type { ForgivingStore } from '../cache/forgiving-store.ts'
import type { ScopeErasures } from '../core/erasure.ts'
import type { Tools } from '../core/labels.ts'
import type { Limits } from '../core/limits.ts'
import type { TenantScope } from '../core/scope.ts'
import type { Seams } from '../core/seams.ts'
import type { Tracer } from '../core/tracer.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Policy } from '../policy/policy.ts'
import type { Embedder } from '../recall/embedder.ts'
import type { Languages } from '../recall/languages.ts'
import type { ShelfCache } from '../recall/shelf-cache.ts'
import type { Doorways } from '../store/doorways.ts'
import type { Disclosures } from './disclosures.ts'
import type { NotedTrust } from './noted-trust.ts'
import type { Screening } from './screening.ts'
import type { TenantPolicies } from './tenant-policies.ts'

/** What every use case works with. Made once, by `openMemkeep`. */
export interface Kernel {
  readonly doorways: Doorways
  readonly keyring: Keyring
  /** The deployment's policy; a tenant may have its own. */
  readonly policy: Policy
  readonly tenantPolicies: TenantPolicies
  readonly limits: Limits
  /** Tools whose word counts for more than `external`. */
  readonly tools: Tools
  readonly notedTrust: NotedTrust
  /** What was disclosed by this process, and refused. */
  readonly disclosures: Disclosures
  readonly screening: Screening
  readonly embedder: Embedder | null
  /** The one whose place `embedder` takes, until every memory was embedded anew. */
  readonly formerEmbedder?: Embedder | null
  /** Without them words are taken as they are. */
  readonly languages?: Languages | null
  readonly shelves: ShelfCache<string>
  /** Where `memory.cache` keeps its values. */
  readonly cache: ForgivingStore
  /** By the kind of artifact that they make anew; absent: none. */
  readonly rebuilders?: Rebuilders
  /** The same for entries of the library. */
  readonly libraryRebuilders?: Rebuilders
  /** True: support reads nothing before a second person has agreed. */
  readonly supportNeedsSecond: boolean
  readonly seams: Seams
  /** Null: no spans. */
  readonly tracer: Tracer | null
  /** The erasures of one scope. */
  readonly erasuresOf: (scope: TenantScope) => ScopeErasures
  /** Throws `ERR_CLOSED` once the keep was closed. */
  readonly checkOpen: () => void
  /** Runs a call that a closing keep waits for. Throws as `checkOpen`. */
  readonly run: <T>(call: () => Promise<T>) => Promise<T>
}
