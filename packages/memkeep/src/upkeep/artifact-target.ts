import type { DerivedAction, ErasureTarget, NotCovered, TargetErased } from '../core/erasure.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
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
    inventory: async () => ({}),
    invalidate: async () => {},
    async erase(scope): Promise<TargetErased> {
      const { destruction } = input.keyring
      // Of versions that ended before the barrier: the scope may have had a part in them and have none any more.
      await retireKeys(input)
      const deployment = (await input.keyring.deployment()).tag
      const found = await unlearnedNotes(input, scope, false)
      if (found.length === 0) return { deleted: {} }
      const sealed = found.flatMap(({ action, seal, epoch }) => {
        const isLibrarys = ofLibrary.includes(action)
        const tenant = isLibrarys ? deployment : scope.tenant
        return seal === null ? [] : [{ isLibrarys, epoch, owner: { tenant, subject: seal } }]
      })
      for (const { owner, epoch } of sealed) await destruction.deleteRecords(owner, epoch)
      // What wraps those is the deployment's, and does not go with the scope's own keys: copies of the records would open. After all
      // deletions, so that one replacement serves them all.
      for (const { owner, epoch } of sealed.filter(({ isLibrarys }) => isLibrarys)) {
        await destruction.destroyWrappers(owner, epoch)
      }
      await input.rebuild()
      const notes = await unlearnedNotes(input, scope, false)
      return { deleted: {}, derived: derivedOf(notes), notCovered: notCoveredOf(notes) }
    },
    async verify(scope) {
      await unlearnedNotes(input, scope, true)
      return {}
    },
  }
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
