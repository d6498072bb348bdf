import type { DerivedAction, ErasureTarget, NotCovered, TargetErased } from '../core/erasure.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import { endNoted, endUnread } from './ended-versions.ts'
import { retireKeys } from './retire-keys.ts'
import { type UnlearnedNote, unlearnedNotes } from './unlearned-notes.ts'

export interface ArtifactTargetInput {
  /** Of the application's login. */
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
  /** Rebuilds what is due, as far as this process can. */
  readonly rebuild: () => Promise<unknown>
}

/** By the code of a note. Those of the library have keys among the deployment's. */
const actions: Readonly<Record<number, 'dropped' | 'hidden'>> = { 0: 'dropped', 1: 'hidden', 4: 'dropped', 5: 'hidden' }
const beyondReach = 2
const ofLibrary = [4, 5]

/**
 * What was made of an erased scope's memories, for its erasure. The barrier's own transaction hid all of it; here the keys of what was
 * shared are destroyed, the rest is rebuilt as far as it can be now, and the erasure is told what became of each. What stays hidden is
 * rebuilt later: nothing of it can be read until then, so the erasure need not wait.
 */
export function artifactTarget(input: ArtifactTargetInput): ErasureTarget {
  return {
    name: 'artifacts',
    stores: [],
    inventory: async () => ({}),
    invalidate: async () => {},
    async erase(scope): Promise<TargetErased> {
      // Of versions that ended before the barrier: the scope may have had a part in them and have none any more.
      await retireKeys(input)
      const { versions } = input.keyring
      const deployment = (await input.keyring.deployment()).tag
      const found = await unlearnedNotes(input, scope, false)
      const isLibrarys = (note: UnlearnedNote) => ofLibrary.includes(note.action)
      await endNoted(
        input,
        scope.tenant,
        found.filter((note) => !isLibrarys(note)),
      )
      await endNoted(input, deployment, found.filter(isLibrarys))
      // Also what no note tells of any more: a restored key store has keys of versions that ended after its backup.
      const tenants = scope.kind === 'tenant' ? [deployment] : [scope.tenant, deployment]
      const unsettled = await endUnreadOf(input, tenants)
      // What wraps those is the deployment's, and does not go with the scope's own keys: copies of the records would open. After all
      // deletions, so that one replacement serves them all; the generation goes with the scope's keys.
      await versions.replaceWraps(deployment)
      for (const tenant of tenants) await versions.forget(tenant)
      // Looked at once more: what was being stored stands by now.
      const still = unsettled.length === 0 ? [] : await endUnreadOf(input, tenants)
      if (still.some((id) => unsettled.some((each) => each.equals(id))))
        return {
          deleted: {},
          pending: 'versions may be being stored whose keys stand already: known within ten minutes',
        }
      // The barrier wrote all there are: without any, nothing is to be rebuilt on its account.
      if (found.length > 0) await input.rebuild()
      const notes = found.length > 0 ? await unlearnedNotes(input, scope, false) : found
      return { deleted: {}, derived: derivedOf(notes), notCovered: notCoveredOf(notes) }
    },
    async verify(scope) {
      await unlearnedNotes(input, scope, true)
      return {}
    },
  }
}

async function endUnreadOf(input: ArtifactTargetInput, tenants: readonly Buffer[]): Promise<Buffer[]> {
  const unsettled: Buffer[] = []
  for (const tenant of tenants) unsettled.push(...(await endUnread(input, tenant)))
  return unsettled
}

function derivedOf(notes: readonly UnlearnedNote[]): DerivedAction[] {
  return notes
    .filter(({ action }) => actions[action] !== undefined)
    .map(({ artifact: id, action, rebuilt }) => ({ id, action: rebuilt ? 'rebuilt' : actions[action]! }))
}

function notCoveredOf(notes: readonly UnlearnedNote[]): NotCovered[] {
  return notes
    .filter(({ action }) => action === beyondReach)
    .map(({ artifact, kind }) => ({
      what: `${kind} ${artifact}: it was made before, and holds what it was made of`,
      until: null,
    }))
}
