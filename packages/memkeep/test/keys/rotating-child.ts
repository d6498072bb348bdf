import type pg from 'pg'
import type { KillPoint } from '../../src/core/seams.ts'
import { openMemkeep } from '../../src/index.ts'
import { mintGrant, mintTenantScope } from '../../src/trust.ts'
import { keysAt } from '../support/keys-at.ts'

// Rotates keys or seals rows anew, and dies at a kill point; it says `done` when it did not.

export interface RotatorOrder {
  readonly database: pg.ClientConfig
  readonly keyDir: string
  readonly tenant: string
  readonly does: 'rotate-root' | 'rotate-tenant' | 'reseal'
  /** Die at the n-th time (from 1) that this point is reached. */
  readonly dieAt: { readonly point: KillPoint; readonly time: number }
}

const order = JSON.parse(process.argv[2]!) as RotatorOrder
let times = 0
const reach = (point: KillPoint): void => {
  if (point !== order.dieAt.point || ++times !== order.dieAt.time) return
  process.kill(process.pid, 'SIGKILL')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
await using keep = await openMemkeep({
  database: { ...order.database, max: 3 },
  ...keysAt(order.keyDir),
  acceptOldServer: true,
  seams: { reach },
})
const principal = { id: 'operator', roles: ['admin'], rights: ['common' as const, 'tenant' as const] }
if (order.does === 'reseal') await keep.for(mintTenantScope({ tenant: order.tenant, principal })).reseal()
else {
  const grant = mintGrant({ principal, rights: ['rotate'], reason: 'a test', ttlSeconds: 600 })
  const { rotation } = keep.privileged(grant)
  if (order.does === 'rotate-root') await rotation.rotateRoot()
  else await rotation.rotateTenant(order.tenant)
}
process.stdout.write('done\n')
