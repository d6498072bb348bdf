import { detailContext, encodeDetail, frameDetail } from '../audit/detail.ts'
import type { DerivedAction, ErasureScope, ErasureTarget, NotCovered, TargetErased } from '../core/erasure.ts'
import { rightBits } from '../core/rights.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Doorways } from '../store/doorways.ts'
import type { Claims } from '../store/token.ts'
import { upkeepClaims } from './upkeep-call.ts'

export interface ArtifactTargetInput {
  /** Of the application's login. */
  readonly doorways: Doorways
  readonly keyring: Keyring
  readonly seams: Seams
  /** Rebuilds what is due, as far as this process can. */
  readonly rebuild: () => Promise<unknown>
}

interface Note {
  readonly outcome: string | null
  readonly artifact: string
  readonly kind: string
  readonly action: number
  readonly rebuilt: boolean
  readonly seal: Buffer | null
  readonly epoch: number
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
      const deployment = (await input.keyring.deployment()).tag
      const found = await notesOf(input, scope, false)
      if (found.length === 0) return { deleted: {} }
      for (const { action, seal, epoch } of found) {
        const tenant = ofLibrary.includes(action) ? deployment : scope.tenant
        if (seal !== null) await input.keyring.destruction.deleteRecords({ tenant, subject: seal }, epoch)
      }
      await input.rebuild()
      const notes = await notesOf(input, scope, false)
      return { deleted: {}, derived: derivedOf(notes), notCovered: notCoveredOf(notes) }
    },
    async verify(scope) {
      await notesOf(input, scope, true)
      return {}
    },
  }
}

function derivedOf(notes: readonly Note[]): DerivedAction[] {
  return notes
    .filter(({ action }) => actions[action] !== undefined)
    .map(({ artifact: id, action, rebuilt }) => ({ id, action: rebuilt ? 'rebuilt' : actions[action]! }))
}

function notCoveredOf(notes: readonly Note[]): NotCovered[] {
  return notes
    .filter(({ action }) => action === beyondReach)
    .map(({ artifact, kind }) => ({
      what: `${kind} ${artifact}: it was made before, and holds what it was made of`,
      until: null,
    }))
}

/** By tags and under the deployment's keys: those of the scope may be gone. */
async function notesOf(input: ArtifactTargetInput, { tenant, erasure }: ErasureScope, done: boolean): Promise<Note[]> {
  const { doorways, keyring, seams } = input
  const keys = await keyring.deployment()
  const key = await keys.own()
  const event = seams.ids.uuid(seams.clock.now())
  const claims: Claims = { ...upkeepClaims(keys, keys.commonTag, 0, 0), tenant, reach: 'all', rights: rightBits.upkeep }
  const sealed = key.seal('audit', encodeDetail({ principal: 'memkeep upkeep', roles: [] }), detailContext(event))
  const args = [erasure, done, frameDetail('deployment', key.epoch, sealed)]
  const rows = await doorways.read<Note>({ doorway: 'settle_unlearned', claims, event, args })
  return rows.filter((row) => row.outcome === null)
}
