import { actors } from '../core/labels.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { checkId, checkText } from '../core/text.ts'
import { type GateInput, writeGate } from '../screening/write-gate.ts'
import { callRead, hasRight, readStandingTerms, withAccess } from './access.ts'
import { checkArray, checkKeys, checkMetadata, checkOneOf, checkTags } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

const gateKeys = ['content', 'actor', 'speaker', 'tags', 'metadata', 'source'] as const

/**
 * Places of the texts that the gate would refuse, as the tenant's screening stands; nothing is stored. What is refused is an event like a write that is
 * refused. Texts of a caller who may not write go to no screener: none of them is named, and the write itself is refused. Throws as a write does
 * for what is no text or too much.
 */
export async function wouldRefuse(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<readonly number[]> {
  const { limits, screening } = kernel
  const texts = checkArray(given, 'texts', limits.batch).map((each): GateInput => {
    const { content, actor, speaker, tags, metadata, source } = checkKeys<GateInput>(each, 'a text', gateKeys)
    return {
      content: checkText(content, 'content', limits.contentBytes),
      actor: checkOneOf(actor, 'actor', actors),
      speaker: speaker === undefined || speaker === null ? null : checkId(speaker, 'speaker', 'ERR_INPUT_INVALID'),
      ...(tags === undefined ? {} : { tags: checkTags(tags, limits) }),
      ...(metadata === undefined ? {} : { metadata: checkMetadata(metadata, limits) }),
      ...(source === undefined || source === null ? {} : { source: checkText(source, 'source', limits.metadataBytes) }),
    }
  })
  // No token of this call carries the policy's version to a doorway that would say that it is not the standing one.
  await withAccess(kernel, scope, (access) => readStandingTerms(kernel, access))
  return withAccess(kernel, scope, async (access) => {
    const policy = access.screening
    const refusesNothing = policy.refuseAt === null && policy.onFailure !== 'refuse'
    if (refusesNothing || !hasRight(access, rightBits.write)) return []
    const { screeners, distiller } = screening
    const parts = { screeners, distiller, policy, contentBytes: limits.contentBytes }
    const refused: number[] = []
    for (const [place, text] of texts.entries()) {
      if ((await writeGate(text, parts)).outcome === 'refuse') refused.push(place)
    }
    if (refused.length === 0) return refused
    const [row] = await callRead<{ outcome: string }>(kernel, access, 'refuse', [refused.length])
    expectOutcome(row?.outcome, 'ok')
    return refused
  })
}
