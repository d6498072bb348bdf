import type { FoundMemory, Verdict } from '../core/memory.ts'
import { rightBits } from '../core/rights.ts'
import type { Judgement } from '../screening/judge.ts'
import { asShown, type Screened, screenAll } from '../screening/screen.ts'
import { type Access, writeDetail } from './access.ts'
import { flagsOf } from './gate.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'
import { sealVerdict } from './quarantine.ts'
import { callWrite } from './write.ts'

/** A memory that a search found, and the shelf it stands on. */
export interface Found {
  readonly memory: FoundMemory
  /** Hex. */
  readonly shelf: string
}

/**
 * Screens what was found before it is shown. What the policy would hold is withheld, and held for review; what it would hold only because a
 * screener failed is withheld from this answer and stays where it is; a version that somebody has
 * reviewed is shown, with its flags. The screen is a remark and a queue, not the guarantee: that is `minTrust`.
 */
export async function screenFound(
  kernel: Kernel,
  access: Access,
  found: readonly Found[],
  signal?: AbortSignal,
): Promise<FoundMemory[]> {
  // All at once: each text has its own deadline.
  const judged = await Promise.all(
    found.map(async (each) => ({ found: each, judgement: await judgementOf(kernel, access, each.memory, signal) })),
  )
  const caught = judged.filter(({ judgement: { heard, verdict } }) => isHeld(heard ?? verdict))
  const unheard = judged.filter(
    ({ found: { memory }, judgement: { heard, verdict } }) =>
      isHeld(verdict) &&
      heard !== null &&
      !isHeld(heard) &&
      !kernel.screening.seen.isReviewed(memory.id, memory.version),
  )
  const withheld = new Set(unheard.map(({ found: { memory } }) => memory.id))
  for (const shelf of new Set(caught.map(({ found: { shelf: tag } }) => tag))) {
    const there = caught.filter(({ found: { shelf: tag } }) => tag === shelf)
    for (const id of await hold(kernel, access, Buffer.from(shelf, 'hex'), there)) withheld.add(id)
  }
  return judged
    .filter(({ found: { memory } }) => !withheld.has(memory.id))
    .map(({ found: { memory }, judgement }) => ({
      ...memory,
      flags: [...new Set([...memory.flags, ...flagsOf(judgement)])],
    }))
}

function isHeld(verdict: Verdict): boolean {
  return verdict === 'quarantine' || verdict === 'refuse'
}

async function judgementOf(
  kernel: Kernel,
  { screening }: Access,
  { id, version, content, actor, speaker }: FoundMemory,
  signal: AbortSignal | undefined,
): Promise<Screened> {
  const { seen, screeners } = kernel.screening
  const known = seen.get(id, version, screening)
  if (known !== undefined) return known
  const judgement = await screenAll(
    screeners,
    { content: asShown(content, speaker), actor, moment: 'recall' },
    screening,
    signal,
  )
  seen.set(id, version, screening, judgement)
  return judgement
}

/**
 * Asks in the kernel's own name: whoever searches need not be allowed to write. Returns the ids to withhold: all but the versions that were
 * reviewed. What was changed or deleted meanwhile is withheld too, and judged anew when it is found again.
 */
async function hold(
  kernel: Kernel,
  access: Access,
  shelf: Buffer,
  caught: readonly { readonly found: Found; readonly judgement: Judgement }[],
): Promise<readonly string[]> {
  const unreviewed = caught.filter(
    ({ found: { memory } }) => !kernel.screening.seen.isReviewed(memory.id, memory.version),
  )
  if (unreviewed.length === 0) return []
  const key = await access.keys.forReading(shelf)
  if (key === null) return unreviewed.map(({ found: { memory } }) => memory.id)
  const isCommon = shelf.equals(access.keys.commonTag)
  const claims = {
    ...access.claims,
    reach: isCommon ? ('common' as const) : ('subject' as const),
    shelf,
    clearance: 0b111,
    writable: 0b111,
    rights: rightBits.review,
  }
  const own: Access = { ...access, shelf, claims }
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const answer = await callWrite(kernel, own, key, {
    doorway: 'hold',
    event,
    atMs,
    args: [
      unreviewed.map(({ found: { memory } }) => memory.id),
      unreviewed.map(({ found: { memory } }) => memory.version),
      unreviewed.map(({ found: { memory }, judgement }) =>
        sealVerdict(key, memory.id, { moment: 'recall', ...judgement }),
      ),
      writeDetail(own, key, event),
    ],
  })
  expectOutcome(answer.outcome, 'ok')
  const reviewed = new Set(answer.reviewed)
  for (const { found } of unreviewed) {
    if (reviewed.has(found.memory.id)) kernel.screening.seen.markReviewed(found.memory.id, found.memory.version)
  }
  return unreviewed.map(({ found: { memory } }) => memory.id).filter((id) => !reviewed.has(id))
}
