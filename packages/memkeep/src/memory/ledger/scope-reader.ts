import type { LedgerReader, OpenLog } from '../../audit/ledger-reader.ts'
import { rightBits } from '../../core/rights.ts'
import type { ScopeClaims } from '../../core/scope.ts'
import { type Access, callRead, hasRight, withAccess } from '../access.ts'
import { callMemory } from '../call.ts'
import type { Kernel } from '../kernel.ts'
import { shelvesInReach } from '../reach.ts'

/** Reads the log of a scope's tenant, as far as the scope reaches. `claims` is asked at each call: a scope expires. */
export function scopeReader(kernel: Kernel, claims: () => ScopeClaims): LedgerReader {
  return {
    read(work) {
      const scope = claims()
      return callMemory(kernel, scope, 'audit_memory', () => partReader(kernel, scope).read(work))
    },
    begin() {
      const scope = claims()
      return scopeReader(kernel, () => scope)
    },
  }
}

/** The same as part of a call that is under way. */
export function partReader(kernel: Kernel, scope: ScopeClaims): LedgerReader {
  const reader: LedgerReader = {
    read: (work) => withAccess(kernel, scope, (access) => work(openLog(kernel, access))),
    begin: () => reader,
  }
  return reader
}

function openLog(kernel: Kernel, access: Access): OpenLog {
  return {
    tag: access.keys.tag,
    keys: access.keys,
    wide: access.scope.reach === 'all',
    call: (doorway, args, more = []) => callRead(kernel, access, doorway, args, access.claims, more),
    names: (rows) => namesOf(kernel, access, rows),
  }
}

/** The names of the subjects: the scope's own, or, tenant-wide and with the right to read, every one that opens. */
async function namesOf(
  kernel: Kernel,
  access: Access,
  rows: readonly { readonly subject: Buffer | null }[],
): Promise<(subject: Buffer) => string | null> {
  const { scope } = access
  if (scope.reach !== 'all') return () => scope.subject
  if (!hasRight(access, rightBits.read) || rows.every(({ subject }) => subject === null)) return () => null
  return (await shelvesInReach(kernel, access)).names
}
