import type { Memory } from '../core/memory.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { subjectNameContext } from '../keys/subject-name.ts'
import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'
import { isBroken } from './open-entries.ts'
import { expectOutcome } from './outcome.ts'
import { readableShelves } from './shelves.ts'

/**
 * The shelves an operation reads, and how a shelf's subject is named in its answer: only a tenant-wide answer names any, as
 * far as its sealed name opens.
 */
export interface Reach {
  readonly subjects: readonly Buffer[]
  readonly names: (subject: Buffer) => string | null
}

export async function shelvesInReach(kernel: Kernel, access: Access): Promise<Reach> {
  if (access.scope.reach !== 'all') return { subjects: readableShelves(access), names: () => null }
  type ShelfRow = { readonly outcome: string | null; readonly subject: Buffer; readonly name: Buffer | null }
  const rows = await callRead<ShelfRow>(kernel, access, 'list_shelves', [])
  expectOutcome(rows.find((row) => row.outcome !== null)?.outcome, 'ok')
  const shelves = rows.filter((row) => row.outcome === null)
  const key = await access.keys.own()
  const names = new Map<string, string>()
  for (const { subject, name } of shelves) {
    if (name === null) continue
    try {
      names.set(subject.toString('hex'), key.open('name', name, subjectNameContext(subject)).toString('utf8'))
    } catch (error) {
      // What is known of the subject is not lost with its name.
      if (!isBroken(error)) throw error
      kernel.shelves.countBroken(1)
    }
  }
  return {
    subjects: shelves.map((row) => row.subject),
    names: (subject) => names.get(subject.toString('hex')) ?? null,
  }
}

/** Whether a memory is one that the scope's agent and session, if it names any, may see. */
export function inSight(scope: ScopeClaims, memory: Pick<Memory, 'agent' | 'session'>): boolean {
  return (
    (scope.agent === null || scope.agent === memory.agent) &&
    (scope.session === null || scope.session === memory.session)
  )
}
