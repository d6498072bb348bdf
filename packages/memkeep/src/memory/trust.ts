import { lowerTrust, type Trust, trustCeiling } from '../core/labels.ts'
import type { Access } from './access.ts'
import type { CheckedInput } from './input.ts'
import type { Kernel } from './kernel.ts'
import { currentShelves } from './recall.ts'
import { readableShelves } from './shelves.ts'

/**
 * The trust of each memory: the lower of its author's ceiling and of everything it was derived from. The doorway checks it
 * against the sources' rows under the shelf's lock, so what is read here may be behind, but never wins.
 */
export async function trustsOf(kernel: Kernel, access: Access, inputs: readonly CheckedInput[]): Promise<Trust[]> {
  const sources = new Map<string, Trust>()
  if (inputs.some((input) => input.derivedFrom.length > 0)) {
    const interest = { filter: { nowMs: Number.NEGATIVE_INFINITY }, query: null }
    const { shelves } = await currentShelves(kernel, access, readableShelves(access), interest)
    for (const shelf of shelves) {
      for (const input of inputs) {
        for (const id of input.derivedFrom) {
          const source = shelf.get(id)
          if (source !== undefined) sources.set(id, source.trust)
        }
      }
    }
  }
  return inputs.map((input) =>
    input.derivedFrom.reduce<Trust>(
      (trust, id) => lowerTrust(trust, sources.get(id) ?? trust),
      trustCeiling[input.actor],
    ),
  )
}
