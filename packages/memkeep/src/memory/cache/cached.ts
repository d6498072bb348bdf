import { hash } from 'node:crypto'
import { places } from '../../artifacts/artifact.ts'
import { MemkeepError } from '../../core/errors.ts'
import { formatUuid } from '../../core/ids.ts'
import { type Trust, trusts } from '../../core/labels.ts'
import type { Json } from '../../core/memory.ts'
import { rightBits } from '../../core/rights.ts'
import type { ScopeClaims } from '../../core/scope.ts'
import { checkText } from '../../core/text.ts'
import { type DataKey, keyVersionOf } from '../../keys/data-key.ts'
import { canonicalBytes, type Field } from '../../proof/canonical-bytes.ts'
import { uuidArray } from '../../store/wire-arrays.ts'
import { type Access, callRead, hasRight, readDetail, withAccess, writeDetail } from '../access.ts'
import { readArtifacts } from '../artifacts/read.ts'
import { screenMade } from '../gate.ts'
import { checkKeys, checkSources } from '../input.ts'
import type { Kernel } from '../kernel.ts'
import { expectOutcome } from '../outcome.ts'
import { noteRecalled, readersOf } from '../recalled.ts'
import { sealedSubjectName } from '../write.ts'

export interface CacheSetOptions {
  /** From 1 to 2,592,000 (30 days). Default 3,600. */
  readonly ttlSeconds?: number
  /** Ids of memories and artifacts in the scope's sight that the value was made from: when one goes, so does the value. */
  readonly derivedFrom?: readonly string[]
}

/** JSON text of a value, in bytes. */
const mostValueBytes = 256 * 1024
const mostTtlSeconds = 30 * 86_400

/**
 * The value, or null. A hit needs three things: bytes in the cache that open for exactly this scope and key; a row of the registry, which goes
 * with the sources and with the scope; and that they belong together. Without bytes the database is not asked, and nothing is told.
 */
export async function getCached(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<Json | null> {
  const name = checkText(given, 'key', 1024)
  return withAccess(kernel, scope, async (access) => {
    const key = await access.keys.forReading(access.shelf)
    if (key === null) return null
    const id = cacheId(access, key, name)
    const sealed = await kernel.cache.get(storeKey(id))
    if (sealed === null) return null
    const [row] = await readArtifacts(kernel, access, [true, [id], null, [0], null, 1])
    const current = row?.subject.equals(access.shelf) && row.content.equals(digestOf(sealed))
    if (!current) return null
    await noteRecalled(kernel, access, [{ trust: trusts[row!.trust]! }])
    return open(access, key, id, sealed)
  })
}

/** Stores a value under the scope, screened as an agent's memory is (`ERR_CONTENT_REFUSED`). False when the cache could not take it. What is stored can be read by this very scope alone. */
export async function setCached(
  kernel: Kernel,
  scope: ScopeClaims,
  given: unknown,
  value: unknown,
  options: unknown,
): Promise<boolean> {
  const name = checkText(given, 'key', 1024)
  const { ttlSeconds = 3600, derivedFrom = [] } = checkKeys<CacheSetOptions>(options, 'cache options', [
    'ttlSeconds',
    'derivedFrom',
  ])
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > mostTtlSeconds) {
    throw new MemkeepError('ERR_INPUT_INVALID', `ttlSeconds must be a whole number from 1 to ${mostTtlSeconds}`)
  }
  const sources = checkSources(derivedFrom, kernel.limits.batch)
  const text = checkValue(value)
  return withAccess(kernel, scope, async (access) => {
    if (mayWrite(access)) await screenMade(kernel, access, text)
    let trust: Trust = 'agent'
    for (let attempt = 1; attempt <= 5; attempt++) {
      const {
        outcome,
        taken,
        trust: most,
      } = await store(kernel, access, { name, text, ttlMs: ttlSeconds * 1000, sources, trust })
      if (outcome === 'ok') return taken
      if (outcome === 'missing')
        throw new MemkeepError('ERR_INPUT_INVALID', 'derivedFrom names what this scope does not have')
      trust = trusts[most!]!
    }
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the sources are being changed', { retryable: true })
  })
}

/** False when there was none. */
export async function deleteCached(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<boolean> {
  const name = checkText(given, 'key', 1024)
  return withAccess(kernel, scope, async (access) => {
    const key = await access.keys.forReading(access.shelf)
    if (key === null) return false
    const id = cacheId(access, key, name)
    const [row] = await callRead<{ outcome: string }>(kernel, access, 'forget_artifact', [access.shelf, id, true])
    const outcome = expectOutcome(row?.outcome, 'ok', 'missing')
    await kernel.cache.delete([storeKey(id)])
    return outcome === 'ok'
  })
}

interface Draft {
  readonly name: string
  readonly text: string
  readonly ttlMs: number
  readonly sources: readonly string[]
  readonly trust: Trust
}

interface RegisterRow {
  readonly outcome: string
  readonly trust: number | null
}

/** The value first, then its row: what has no row is never read, and a row without its value is a miss. */
async function store(kernel: Kernel, access: Access, { name, text, ttlMs, sources, trust }: Draft) {
  const { claims, keys, shelf } = access
  const key = mayWrite(access) ? await keys.forWriting(shelf) : null
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const id = key === null ? kernel.seams.ids.uuid(atMs) : cacheId(access, key, name)
  const sealed = key === null ? Buffer.alloc(0) : key.seal('cache', Buffer.from(text, 'utf8'), contextOf(access, id))
  const taken = key !== null && (await kernel.cache.set(storeKey(id), sealed, ttlMs))
  const args = [
    shelf,
    await sealedSubjectName(access),
    id,
    'cache',
    places.cache,
    highest(claims.clearance),
    trusts.indexOf(trust),
    atMs + ttlMs,
    uuidArray(sources),
    null,
    key?.epoch ?? 0,
    digestOf(sealed),
    Buffer.alloc(0),
    key === null ? await readDetail(access, event) : writeDetail(access, key, event),
    readersOf(access, []),
  ]
  let outcome: 'ok' | 'missing' | 'conflict' | null = null
  try {
    const stated = { ...claims, shelfEpoch: key?.epoch ?? 0 }
    const [row] = await kernel.doorways.read<RegisterRow>({ doorway: 'register', claims: stated, event, atMs, args })
    if (row!.outcome === 'epoch') keys.forget(shelf)
    outcome = expectOutcome(row!.outcome, 'ok', 'missing', 'conflict')
    return { outcome, taken, trust: row!.trust }
  } finally {
    if (outcome !== 'ok' && taken) await kernel.cache.delete([storeKey(id)])
  }
}

function mayWrite(access: Access): boolean {
  return hasRight(access, rightBits.write | (access.scope.reach === 'common' ? rightBits.common : 0))
}

/** The entry's place: no two scopes, clearances, epochs or keys have the same, and nobody without the tenant's keys can tell it. */
function cacheId(access: Access, key: DataKey, name: string): string {
  return formatUuid(
    access.keys.keyedTag('cache', canonicalBytes([...scopeFields(access), key.epoch, key.version, name])),
  )
}

function scopeFields({ scope, shelf, claims }: Access): Field[] {
  return [claims.tenant, scope.reach, shelf, claims.clearance, scope.agent, scope.session]
}

function contextOf(access: Access, id: string): Field[] {
  return ['cache', id, ...scopeFields(access)]
}

function open(access: Access, key: DataKey, id: string, sealed: Uint8Array): Json | null {
  if (keyVersionOf(sealed) !== key.version) return null
  return JSON.parse(key.open('cache', sealed, contextOf(access, id)).toString('utf8')) as Json
}

const storeKey = (id: string): string => id.replaceAll('-', '')

const digestOf = (sealed: Uint8Array): Buffer => hash('sha256', sealed, 'buffer')

/** What the value may tell of: the highest label that the scope reads. */
function highest(clearance: number): number {
  return Math.max(0, 31 - Math.clz32(clearance))
}

function checkValue(value: unknown): string {
  const text = JSON.stringify(value)
  if (typeof text !== 'string') throw new MemkeepError('ERR_INPUT_INVALID', 'value must be JSON')
  if (Buffer.byteLength(text, 'utf8') > mostValueBytes) {
    throw new MemkeepError('ERR_INPUT_TOO_LARGE', `value is larger than ${mostValueBytes} bytes`)
  }
  return text
}
