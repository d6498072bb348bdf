/**
 * Memory for AI agents, kept behind walls.
 * @module
 */

export type { Artifact, ArtifactState } from './artifacts/artifact.ts'
export type { Rebuilder, Rebuilders, RebuildJob, RebuildSource } from './artifacts/rebuilder.ts'
export type { AuditOptions } from './audit/audit-options.ts'
export type { ColdTier } from './audit/cold-tier.ts'
export type { Shown, Witness, WitnessAnswer } from './audit/witness.ts'
export type { CacheStore } from './cache/cache-store.ts'
export { inProcessCache } from './cache/in-process.ts'
export type { Connector, ConnectorScope } from './connectors/connector.ts'
export type { DisclosureBudget } from './core/disclosure.ts'
export type {
  AfterErasure,
  DerivedAction,
  ErasedStore,
  EraseSubjectOptions,
  EraseTenantOptions,
  ErasureKind,
  ErasureReason,
  ErasureReport,
  ErasureStep,
  ErasureStepName,
  ErasureView,
  FinishedErasure,
  NotCovered,
  OpenErasure,
  OperatorErasures,
  Residue,
  RunningErasure,
  ScopeErasures,
} from './core/erasure.ts'
export { MemkeepError, type MemkeepErrorCode } from './core/errors.ts'
export {
  type Actor,
  ceilingOf,
  lowerTrust,
  type RegisteredTool,
  type Sensitivity,
  type Tools,
  type ToolTrust,
  type Trust,
  trustCeiling,
} from './core/labels.ts'
export type { Limits } from './core/limits.ts'
export type { FoundMemory, Json, Memory, StoredReceipt, Verdict } from './core/memory.ts'
export type { Principal } from './core/principal.ts'
export type { Quota } from './core/quota.ts'
export { quoted } from './core/quoted.ts'
export type { RefusedTokenCounts, TokenRefusal } from './core/refused-tokens.ts'
export type { Right } from './core/rights.ts'
export type { CommonScope, SubjectScope, TenantScope, TenantWideScope } from './core/scope.ts'
export type { Span, Tracer } from './core/tracer.ts'
export { UntaggedSpans } from './core/untagged-spans.ts'
export type { ErasureLedger } from './erasure/erasure-ledger.ts'
export type { RefusedErasure } from './erasure/refused-erasures.ts'
export type { Keep, KeepMetrics } from './keep.ts'
export type { KeepOptions } from './keep-options.ts'
export type { Credential } from './keys/credential.ts'
export type { KeyProvider } from './keys/key-provider.ts'
export type { KeyStore } from './keys/key-store.ts'
export type { ArtifactListOptions, ArtifactPage } from './memory/artifacts/read.ts'
export type { RegisteredArtifact, RegisterInput } from './memory/artifacts/register.ts'
export type { ShelfCheck } from './memory/check-shelves.ts'
export type { DeleteFilter } from './memory/delete.ts'
export type { DisclosureCounts } from './memory/disclosures.ts'
export type { EndorseOptions } from './memory/endorse.ts'
export type { Explanation, LineageLabels, LineageNode, Reading } from './memory/explain.ts'
export type { ExportRecord } from './memory/export.ts'
export type { AddInput, AddOptions } from './memory/input.ts'
export type { OnceOptions } from './memory/kept-answer.ts'
export type { Audit } from './memory/ledger/audit.ts'
export type { LedgerExportOptions } from './memory/ledger/export-ledger.ts'
export type { AuditEvent, AuditPage, AuditQuery } from './memory/ledger/list-events.ts'
export type { EventProof } from './memory/ledger/prove-event.ts'
export type { LedgerHead } from './memory/ledger/read-head.ts'
export type { LibraryAnswer, LibraryEntry, LibrarySearchOptions } from './memory/library/search-library.ts'
export type { ListOptions, Page } from './memory/list.ts'
export type { MessageInput } from './memory/messages.ts'
export type { MintedKey, MintInput } from './memory/mint-key.ts'
export type { HeldMemory, HeldPage, HeldVerdict, Quarantine, Reviewed } from './memory/quarantine.ts'
export type { ReembedOptions, ReembedProgress, ReembedReport } from './memory/reembed.ts'
export type { ResealOptions, ResealReport } from './memory/reseal.ts'
export type { ReadableMemory, ScopedMemory } from './memory/scoped-memory.ts'
export type { SearchOptions, SearchResult } from './memory/search.ts'
export type { MemoryPatch, UpdateOptions } from './memory/update.ts'
export type { WriteOptions } from './memory/write-options.ts'
export { openMemkeep } from './open-memkeep.ts'
export { defaultPolicy, type Policy, type RolePolicy } from './policy/policy.ts'
export type { AggregateTotals } from './privileged/aggregates.ts'
export type { ApiKey, ApiKeyInput, FoundKey } from './privileged/api-keys.ts'
export type {
  BreakGlass,
  SupportAccess,
  SupportInput,
  SupportPage,
  SupportReading,
  SupportState,
} from './privileged/break-glass.ts'
export type { RotatedRoot, RotatedTenant } from './privileged/key-rotation.ts'
export type { Contributor, LibraryEntryView, PublishInput } from './privileged/library.ts'
export type { Privileged } from './privileged/privileged.ts'
export type { Tenant, TenantPage } from './privileged/tenants.ts'
export type { BundleFile } from './proof/write-bundle.ts'
export type { Embedder } from './recall/embedder.ts'
export type { Language, Languages } from './recall/languages.ts'
export type { ShelfStats } from './recall/shelf-cache.ts'
export type { DistilInput, Distillate, Distiller, Omission, Omitted } from './screening/distiller.ts'
export { type EvidenceOptions, type EvidenceStyle, renderEvidence } from './screening/evidence.ts'
export { extractive } from './screening/extractive.ts'
export { defaultScreenPolicy, type Judgement, type ScreenPolicy } from './screening/judge.ts'
export { builtInScreener } from './screening/screen.ts'
export type { Family, Finding, Reason, Screener, ScreenInput } from './screening/screener.ts'
export type { GateInput } from './screening/write-gate.ts'
export type { DatabaseEngine, LoginSettings, RunningEngine } from './store/engine.ts'
export type { UpkeepCounts, UpkeepReport } from './upkeep/upkeep-report.ts'
