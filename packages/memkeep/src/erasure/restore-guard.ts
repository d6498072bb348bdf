import { type ErasureTarget, erasureReasons, type RestoredNames } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { expireLines } from './enter.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureLedger } from './erasure-ledger.ts'
import { first, type LedgerEntry, readLines, withheld } from './ledger-lines.ts'
import { isOwnLine } from './ledger-seal.ts'
import { nameErasure } from './names.ts'
import { requestSealOf } from './request-seal.ts'
import { carryOut } from './saga.ts'
import { callStep, type ErasurePlace, stepPrincipal } from './step-call.ts'
import { witnessLedger } from './witnessed-ledger.ts'

/** What the guard found to do. */
export interface GuardReport {
  /** Erasures that a restored database or key store had undone, and that were repeated. */
  readonly repeated: number
}

/** A process whose clock is so much ahead may have let a line expire. */
const clocksApartMs = 3_600_000

interface RepeatRow extends RestoredNames {
  readonly outcome: string
}

interface HeadRow {
  readonly outcome: string
  readonly head: string | null
}

/**
 * Compares the database and the key store with the erasure ledger outside them and repeats what one of them does not know of:
 * a backup was restored. Rows and key records are gone, and the scope is barred, when it answers; the rest of each repetition
 * goes on by upkeep. Until then nothing is served. Without a restore it is two look-ups.
 */
export async function guard(kernel: ErasureKernel): Promise<GuardReport> {
  const { ledger, keyring, seams } = kernel
  if (ledger === null) return { repeated: 0 }
  await expireLines(kernel)
  await witnessLedger(kernel)
  const own = await deploymentPlace(kernel)
  const known = await knownHeads(kernel)
  // Read after those, as it only grows: whoever put a line meanwhile has not made them newer than it.
  const { entries, ended, hashes, head } = readLines(await ledger.read())
  if (ended.some((until) => until > seams.clock.now() + clocksApartMs)) {
    throw new MemkeepError('ERR_STORE_ROLLED_BACK', 'a line of the erasure ledger was taken for expired before its end')
  }
  if (known.every((each) => each === head)) return { repeated: 0 }
  if (!known.every((each) => each === null || each === first || hashes.includes(each))) {
    throw new MemkeepError(
      'ERR_STORE_ROLLED_BACK',
      'the erasure ledger lacks a line that the database or the key store knows',
    )
  }
  await checkOwn(kernel, entries)
  let repeated = 0
  const newest = new Map(entries.map((entry) => [entry.erasure, entry]))
  for (const entry of entries) {
    if (entry.until < seams.clock.now()) continue
    if (entry.reason === withheld || newest.get(entry.erasure)!.reason === withheld) continue
    if (await repeat(kernel, entry)) repeated++
  }
  // Also keys of versions that had ended before those erasures: a restored key store has them back, and no erasure's own records are among them.
  if (known[1] !== head) {
    const tenants = new Set(entries.map(({ tenant }) => tenant)).add(own.tenant.toString('hex'))
    for (const tenant of tenants) await kernel.endVersions(Buffer.from(tenant, 'hex'))
  }
  await keyring.setGuardHead(head)
  await headOf(kernel, own, head)
  return { repeated }
}

/** Throws `ERR_STORE_ROLLED_BACK` for a line that somebody else put: before anything is repeated. */
async function checkOwn(kernel: ErasureKernel, entries: readonly LedgerEntry[]): Promise<void> {
  for (const entry of entries) {
    if (await isOwnLine(kernel, entry)) continue
    throw new MemkeepError('ERR_STORE_ROLLED_BACK', 'a line of the erasure ledger was not put by this deployment')
  }
}

async function repeat(kernel: ErasureKernel, entry: LedgerEntry): Promise<boolean> {
  const { kind, epoch, erasure } = entry
  const tenant = Buffer.from(entry.tenant, 'hex')
  const place: ErasurePlace = { tenant, kind, subject: Buffer.from(entry.subject, 'hex') }
  const scopeCommit = Buffer.from(entry.commit, 'hex')
  const asked = {
    ...place,
    id: erasure,
    epoch,
    after: 'bar' as const,
    reason: erasureReasons[entry.reason]!,
    askedBy: 'guard' as const,
    principal: await stepPrincipal(kernel),
    scopeCommit,
  }
  const args = [erasure, epoch, entry.reason, scopeCommit, entry.until, await requestSealOf(kernel, asked)]
  const handled = ['ok', 'exists', 'held', 'missing']
  const [row] = await callStep<RepeatRow>(kernel, place, { doorway: 'repeat_erasure', args, handled })
  // Asked for and not barred yet: it goes on by upkeep, or waits there for a hold to be released. Its keys are in use.
  if (row!.outcome === 'held') return false
  const owner = { tenant, subject: kind === 'tenant' ? null : place.subject }
  const again = row!.outcome === 'ok'
  if (again) {
    // Before the deletion, which takes the name.
    const ids = await kernel.restoredIds(place, row!)
    if (ids !== null) await nameErasure(kernel, place, { id: erasure, scopeCommit }, ids)
    // No store of somebody else's keeps this process from opening: the plan names them, and they are not asked.
    const inside = { ...kernel, targets: kernel.targets.map((target) => (target.outside ? unasked(target) : target)) }
    // No further: whatever fails after that is for upkeep to do again, and keeps nobody from opening.
    await carryOut(inside, place, erasure, { wait: false, onStep: () => {}, upTo: 'delete' })
  }
  // Also where the database knows of it: the key store may be the one that was restored.
  const keys = await kernel.keyring.destruction.deleteRecords(owner, epoch)
  return again || keys > 0
}

function unasked(target: ErasureTarget): ErasureTarget {
  return { ...target, inventory: async () => ({}), invalidate: async () => {} }
}

async function deploymentPlace({ keyring }: ErasureKernel): Promise<ErasurePlace> {
  const keys = await keyring.deployment()
  return { tenant: keys.tag, kind: 'subject', subject: keys.commonTag }
}

/** The heads of the erasure ledger that the database and the key store know of. */
export async function knownHeads(kernel: ErasureKernel): Promise<(string | null)[]> {
  return [await headOf(kernel, await deploymentPlace(kernel), null), await kernel.keyring.guardHead()]
}

/** The head that the database knows; set when it is given. */
async function headOf(kernel: ErasureKernel, place: ErasurePlace, head: string | null): Promise<string | null> {
  const [row] = await callStep<HeadRow>(kernel, place, { doorway: 'guard_head', args: [head] })
  return row!.head
}

/**
 * Takes a ledger as the one that counts from now on, when the former is lost: what stands in it holds together, and is compared with from the next opening on.
 * Erasures that only the former knew are not repeated after a restore.
 */
export async function acceptLedger(kernel: ErasureKernel, ledger: ErasureLedger): Promise<void> {
  const { head, entries } = readLines(await ledger.read())
  await checkOwn(kernel, entries)
  await kernel.keyring.setGuardHead(head)
  await headOf(kernel, await deploymentPlace(kernel), head)
}
