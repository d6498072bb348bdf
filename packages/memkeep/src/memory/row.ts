import { hash } from 'node:crypto'
import { Breath } from '../core/breath.ts'
import { MemkeepError } from '../core/errors.ts'
import { actors, sensitivities, trusts } from '../core/labels.ts'
import type { Json, Memory } from '../core/memory.ts'
import { type DataKey, keyVersionOf } from '../keys/data-key.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { canonicalBytes, type Field } from '../proof/canonical-bytes.ts'
import { type Labels, labelsOf, type ReadingRow } from '../store/reading.ts'
import type { Claims } from '../store/token.ts'

/** What a memory says beyond its content; sealed as one JSON text. */
export interface Details {
  readonly tags: readonly string[]
  readonly metadata: { readonly [key: string]: Json }
  readonly source: string | null
  readonly agent: string | null
  readonly session: string | null
  readonly speaker: string | null
  readonly importance: number | null
  readonly tool: string | null
  readonly flags: readonly string[]
  readonly supersedes: string | null
}

/** The sealed columns of one version. */
export interface SealedRow {
  readonly content: Buffer
  readonly details: Buffer
}

type Column = 'content' | 'details' | 'entry'

/**
 * Binds sealed bytes to their row, column and labels: moved or relabelled, they do not open. But for one thing: the seal says the most that a
 * row may be trusted, and its label may say less (ADR 0008), as what a memory came from can lose trust without its bytes being
 * at hand. `openUnder` is the reading side of that.
 */
function rowContext(labels: Labels, column: Column, digest: Buffer): Field[] {
  return ['memory', labels.id, labels.version, column, digest]
}

/** Opens a column under the row's own trust or, where that was lowered since it was sealed, under a higher one. */
function openUnder(key: DataKey, labels: Labels, digest: Buffer, column: Column, sealed: Buffer): Buffer {
  let under = digest
  for (let trust = trusts.indexOf(labels.trust) + 1; ; trust++) {
    try {
      return key.open(column, sealed, rowContext(labels, column, under))
    } catch (error) {
      const isBroken = error instanceof MemkeepError && error.code === 'ERR_SEAL_BROKEN'
      if (!isBroken || trust === trusts.length) throw error
    }
    under = labelDigest({ ...labels, trust: trusts[trust]! })
  }
}

function labelDigest(labels: Labels): Buffer {
  const fields: Field[] = [
    actors.indexOf(labels.actor),
    trusts.indexOf(labels.trust),
    sensitivities.indexOf(labels.sensitivity),
    labels.kind,
    labels.atMs,
    labels.createdMs,
    labels.updatedMs,
    labels.expiresMs,
    labels.derivedFrom,
  ]
  return hash('sha256', canonicalBytes(fields), 'buffer')
}

/** `entry` is what search needs of the memory (`encodeEntry`). */
export function sealMemory(
  key: DataKey,
  labels: Labels,
  texts: { readonly content: string; readonly details: Details; readonly entry: Uint8Array },
): SealedRow & { readonly entry: Buffer } {
  const digest = labelDigest(labels)
  const details = JSON.stringify(texts.details)
  return {
    content: key.seal('content', Buffer.from(texts.content, 'utf8'), rowContext(labels, 'content', digest)),
    details: key.seal('details', Buffer.from(details, 'utf8'), rowContext(labels, 'details', digest)),
    entry: key.seal('entry', texts.entry, rowContext(labels, 'entry', digest)),
  }
}

/** The index entry alone, of a memory that stands: sealed as `sealMemory` does. */
export function sealEntry(key: DataKey, labels: Labels, entry: Uint8Array): Buffer {
  return key.seal('entry', entry, rowContext(labels, 'entry', labelDigest(labels)))
}

/** As `sealMemory`, for a version that is not searched: an earlier one. */
export function sealVersion(key: DataKey, labels: Labels, content: string, details: Details): SealedRow {
  const digest = labelDigest(labels)
  return {
    content: key.seal('content', Buffer.from(content, 'utf8'), rowContext(labels, 'content', digest)),
    details: key.seal('details', Buffer.from(JSON.stringify(details), 'utf8'), rowContext(labels, 'details', digest)),
  }
}

/**
 * Opens rows that a call's claims may see, and no others: a row of another shelf, or above the clearance, is one that the
 * database must not have brought. Asks the keyring once for rows sealed alike. For one operation, not to be kept.
 */
export class RowOpener {
  readonly #keys: TenantKeys
  readonly #claims: Claims
  readonly #found = new Map<string, DataKey>()

  constructor(keys: TenantKeys, claims: Claims) {
    this.#keys = keys
    this.#claims = claims
  }

  async openEntry(row: ReadingRow): Promise<Buffer> {
    const labels = labelsOf(row)
    return openUnder(await this.#keyOf(row, row.entry), labels, labelDigest(labels), 'entry', row.entry)
  }

  /** The row's columns as they are, sealed under `key` and the labels that the row has now. */
  async sealAnew(key: DataKey, row: ReadingRow): Promise<SealedRow & { readonly entry: Buffer | null }> {
    const labels = labelsOf(row)
    const digest = labelDigest(labels)
    const anew = async (column: Column, sealed: Buffer): Promise<Buffer> => {
      const bytes = openUnder(await this.#keyOf(row, sealed), labels, digest, column, sealed)
      return key.seal(column, bytes, rowContext(labels, column, digest))
    }
    return {
      content: await anew('content', row.content),
      details: await anew('details', row.details),
      entry: row.entry === null ? null : await anew('entry', row.entry),
    }
  }

  /** In their order. `nameOf` gives the subject's name to show, for answers to a tenant-wide scope. */
  async openMemories(rows: readonly ReadingRow[], nameOf: (subject: Buffer) => string | null): Promise<Memory[]> {
    // All keys first: what follows then runs without a pause for each row.
    for (const row of rows) {
      await this.#keyOf(row, row.content)
      await this.#keyOf(row, row.details)
    }
    const memories: Memory[] = []
    const breath = new Breath()
    for (const row of rows) {
      if (breath.due) await breath.take()
      memories.push(this.#openMemory(row, nameOf(row.subject)))
    }
    return memories
  }

  #openMemory(row: ReadingRow, subject: string | null): Memory {
    const labels = labelsOf(row)
    const digest = labelDigest(labels)
    const content = openUnder(this.#heldKey(row, row.content), labels, digest, 'content', row.content)
    const details = openUnder(this.#heldKey(row, row.details), labels, digest, 'details', row.details)
    return {
      id: labels.id,
      version: labels.version,
      content: content.toString('utf8'),
      actor: labels.actor,
      trust: labels.trust,
      sensitivity: labels.sensitivity,
      kind: labels.kind,
      ...parseDetails(details),
      derivedFrom: labels.derivedFrom,
      at: new Date(labels.atMs),
      createdAt: new Date(labels.createdMs),
      updatedAt: new Date(labels.updatedMs),
      expiresAt: labels.expiresMs === null ? null : new Date(labels.expiresMs),
      common: row.subject.equals(this.#keys.commonTag),
      subject,
      ...(labels.standsAbove === undefined ? {} : { standsAbove: labels.standsAbove }),
    }
  }

  #inReach({ subject, sensitivity }: ReadingRow): boolean {
    const { reach, shelf, clearance } = this.#claims
    if ((clearance & (1 << sensitivity)) === 0) return false
    return reach === 'all' || subject.equals(shelf) || (reach === 'subject' && subject.equals(this.#keys.commonTag))
  }

  async #keyOf(row: ReadingRow, record: Buffer): Promise<DataKey> {
    if (!this.#inReach(row)) throw new MemkeepError('ERR_SEAL_BROKEN', 'the database brought a row beyond the scope')
    const name = keyName(row, record)
    let key = this.#found.get(name)
    if (key === undefined) {
      key = await this.#keys.forOpening(row.subject, row.epoch, keyVersionOf(record))
      this.#found.set(name, key)
    }
    return key
  }

  #heldKey(row: ReadingRow, record: Buffer): DataKey {
    return this.#found.get(keyName(row, record))!
  }
}

function keyName(row: ReadingRow, record: Buffer): string {
  return `${row.subject.toString('latin1')}/${row.epoch}/${keyVersionOf(record)}`
}

function parseDetails(bytes: Buffer): Details {
  const {
    tags,
    metadata,
    source,
    agent,
    session,
    speaker,
    importance = null,
    tool = null,
    flags = [],
    supersedes = null,
  } = JSON.parse(bytes.toString('utf8')) as Details
  if (!Array.isArray(tags)) throw new MemkeepError('ERR_SEAL_BROKEN', 'a sealed record holds what was not sealed here')
  return { tags, metadata, source, agent, session, speaker, importance, tool, flags, supersedes }
}
