import type pg from 'pg'
import { detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import { treeHash } from '../audit/node-sha256.ts'
import type { Witness } from '../audit/witness.ts'
import { MemkeepError } from '../core/errors.ts'
import { checkId, checkText } from '../core/text.ts'
import type { LogKey } from '../keys/log-key.ts'
import { toBase64 } from '../proof/base64.ts'
import { type Checkpoint, openCheckpoint, signCheckpoint } from '../proof/checkpoint.ts'
import { callAsOwner } from '../store/call-as-owner.ts'
import { mintToken, tokenWindow } from '../store/token.ts'
import { firstLeaf } from './append-events.ts'
import { KnownHeads, type StandingLog } from './known-heads.ts'
import { callLog, type LogCaller } from './log-call.ts'
import { upkeepClaims } from './upkeep-call.ts'
import { deploymentHead, WitnessedHead } from './witnessed-head.ts'

/** Who accepts that a database was set back, and why. */
export interface Acceptance {
  /** Who accepts it: 1 to 200 characters. */
  readonly by: string
  /** Why: at most 1,000 bytes. */
  readonly reason: string
  /** The size of the head that is given up, as the refusal says it. So nobody accepts what he did not look at. */
  readonly confirm: number
  /** The head that the witness saw last (signed checkpoint), for a witness that cannot say it: one that speaks C2SP tlog-witness. */
  readonly head?: string
}

/** What was accepted. */
export interface AcceptedRollback {
  /** The line that all logs are in from now on. */
  readonly line: number
  /** The verifier key (vkey) of the deployment's new log, which a witness over HTTP must be told. */
  readonly key: string
  /** The head that was given up. Root in base64. */
  readonly givenUp: { readonly origin: string; readonly size: number; readonly root: string }
  /** Whether the witness has seen the new log's first head; false: it must be told of its key first. */
  readonly witnessed: boolean
}

/**
 * Begins a new line of all logs, in a database that was set back behind what the witness saw, or where a tenant's log alone was behind what
 * the key store remembers of it. The deployment's log begins at once; its first
 * leaf names the head that is given up. A tenant's log begins with its next event; its first leaf names the head that the tenant's
 * former log has in this database. One event, `ledger.accept-rollback`, says who, why and what. Throws `ERR_INPUT_INVALID` when the database was
 * not set back, the head is not known, or `confirm` is another size; what the database throws for one who is no administrator.
 */
export async function acceptRollback(
  caller: LogCaller,
  admin: pg.ClientConfig,
  witness: Witness,
  given: Acceptance,
): Promise<AcceptedRollback> {
  const by = checkId(given.by, 'by', 'ERR_INPUT_INVALID')
  const reason = checkText(given.reason, 'reason', 1000)
  const witnessed = new WitnessedHead(caller, witness)
  await expectRolledBack(caller, witnessed)
  const { keyring } = caller
  const { line, note, source } = await givenUp(caller, witness, given.head)
  if (given.confirm !== note.size) {
    throw new MemkeepError('ERR_INPUT_INVALID', `the head that is given up is of ${note.size} entries: confirm that`)
  }
  await expectLast(witness, note, source)
  const next = line + 1
  const key = await keyring.logKey(await keyring.deploymentLogTag(), next)
  const old = { origin: note.origin, size: note.size, root: toBase64(note.root) }
  await begin(caller, admin, { line: next, key, source, by, reason, old })
  const seen = await witnessed.prove().then(
    () => true,
    (error: unknown) => {
      if (error instanceof MemkeepError && error.code === 'ERR_STORE_UNSAFE') return false
      throw error
    },
  )
  return Object.freeze({ line: next, key: key.vkey, givenUp: Object.freeze(old), witnessed: seen })
}

async function expectRolledBack(caller: LogCaller, witnessed: WitnessedHead): Promise<void> {
  try {
    await witnessed.prove()
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_STORE_ROLLED_BACK') return
    throw error
  }
  if (await isTenantSetBack(caller)) return
  throw new MemkeepError('ERR_INPUT_INVALID', 'the database was not set back: there is nothing to accept')
}

/** Whether a tenant's log does not go on from the head of it that the key store remembers: the deployment's may, when that alone was put back. */
async function isTenantSetBack(caller: LogCaller): Promise<boolean> {
  const { line } = await deploymentHead(caller)
  const known = new KnownHeads(caller)
  // Before the logs are read: what is noted meanwhile is no older than they are.
  await known.learn(line)
  for (const tag of (await caller.keyring.notedHeads(line)).keys()) {
    const tenant = Buffer.from(tag, 'hex')
    const rows = await callLog<Omit<StandingLog, 'tenant'>>(caller, tenant, 'read_head', [])
    const log = rows.find((row) => row.outcome === null && row.line === line)
    if (log === undefined) return true
    try {
      await known.check({ ...log, tenant })
    } catch (error) {
      if (error instanceof MemkeepError && error.code === 'ERR_STORE_UNSAFE') return true
      throw error
    }
  }
  return false
}

/** The head that the witness saw last, of the newest line that it saw one of; signed by that log. */
async function givenUp(
  caller: LogCaller,
  witness: Witness,
  head: string | undefined,
): Promise<{ line: number; note: Checkpoint; source: string }> {
  const { keyring } = caller
  const tag = await keyring.deploymentLogTag()
  const { line } = await deploymentHead(caller)
  for (let of = line; of > 0; of--) {
    const key: LogKey = await keyring.logKey(tag, of)
    const last = await witness.last?.(key.origin)
    // A head of an older line, brought by hand, would hide what is given up of this one.
    if (!(last === undefined ? await sawOf(witness, key) : last !== null)) continue
    const source = head ?? last
    if (typeof source !== 'string') break
    const { checkpoint } = await openCheckpoint(source, key.noteKey)
    return { line, note: checkpoint, source }
  }
  throw new MemkeepError('ERR_INPUT_INVALID', 'the witness does not say what it saw: give the head that it has')
}

/** Whether a witness that cannot say what it saw saw entries of this log: to the empty head it agrees only if it did not. */
async function sawOf(witness: Witness, key: LogKey): Promise<boolean> {
  const checkpoint = await signCheckpoint({ size: 0, root: treeHash.empty() }, key.noteKey, key)
  const { outcome } = await witness.add({ oldSize: 0, proof: [], checkpoint })
  return outcome === 'conflict' || outcome === 'inconsistent'
}

/** A witness that is shown the head which it remembers agrees, and to any other it does not: an older one would hide what is given up. */
async function expectLast(witness: Witness, { size }: Checkpoint, source: string): Promise<void> {
  const { outcome } = await witness.add({ oldSize: size, proof: [], checkpoint: source })
  if (outcome === 'seen') return
  throw new MemkeepError('ERR_INPUT_INVALID', 'that is not the head that the witness saw last')
}

async function begin(
  { keyring, seams }: LogCaller,
  admin: pg.ClientConfig,
  what: {
    readonly line: number
    readonly key: LogKey
    readonly source: string
    readonly by: string
    readonly reason: string
    readonly old: AcceptedRollback['givenUp']
  },
): Promise<void> {
  const { line, key, source, by, reason, old } = what
  const keys = await keyring.deployment()
  const atMs = seams.clock.now()
  const event = seams.ids.uuid(atMs)
  const principal = keys.principalTag(by)
  const entry = firstLeaf(source, { at: atMs, by: principal.toString('hex'), actorClass: 'operator' })
  const note = await signCheckpoint({ size: 1, root: treeHash.leaf(entry) }, key.noteKey, key)
  const own = await keys.own()
  const detail = encodeDetail({ principal: by, roles: [], reason, givenUp: old })
  const sealed = frameDetail('tenant', own.epoch, own.seal('audit', detail, detailContext(event)))
  const claims = { ...upkeepClaims(keys, keys.commonTag, 0, keys.epoch), principal }
  const id = tokenWindow(Date.now())
  const secret = await keyring.tokenKey(id)
  const token = mintToken({ id, key: secret }, claims, { doorway: 'begin_line', event, atMs })
  secret.fill(0)
  const log = await keyring.deploymentLogTag()
  // Noted first: whatever becomes of this, no other log is ever begun under that key.
  const args = [claims.tenant, token, line, log, key.vkey, note, entry, sealed]
  const [row] = await callAsOwner<{ outcome: string }>(admin, 'begin_line', args, () => keyring.setLogLine(line))
  if (row?.outcome !== 'ok') {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'another line of the logs was begun meanwhile', { retryable: true })
  }
}
