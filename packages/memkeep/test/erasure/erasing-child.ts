import pg from 'pg'
import type { KillPoint } from '../../src/core/seams.ts'
import { openMemkeep } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { keysAt } from '../support/keys-at.ts'
import { erasingWith } from './erasing-with.ts'

// Begins an erasure, or goes on with it, and dies at a kill point; it says `done` when it did not.

export interface EraserOrder {
  readonly database: pg.ClientConfig
  readonly upkeep: pg.ClientConfig
  /** Of who has the table that is told of as an outside store. */
  readonly admin: pg.ClientConfig
  readonly keyDir: string
  readonly tenant: string
  /** Null: the tenant as a whole. */
  readonly subject: string | null
  /** Die at the n-th time (from 1) that this point is reached. */
  readonly dieAt: { readonly point: KillPoint; readonly time: number }
}

const order = JSON.parse(process.argv[2]!) as EraserOrder
let times = 0
const reach = (point: KillPoint): void => {
  if (point !== order.dieAt.point || ++times !== order.dieAt.time) return
  process.kill(process.pid, 'SIGKILL')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
const outside = new pg.Pool({ ...order.admin, max: 1 })
await using keep = await openMemkeep({
  database: { ...order.database, max: 3 },
  upkeep: { ...order.upkeep, max: 1 },
  ...keysAt(order.keyDir),
  acceptOldServer: true,
  holdKeysMs: 3000,
  ...erasingWith(outside),
  audit: { mergeDelaySeconds: 1 },
  seams: { reach },
})
const principal = { id: 'operator', roles: [] }
const { erasures } = keep.privileged(mintGrant({ principal, rights: ['erase'], reason: 'a test', ttlSeconds: 600 }))
const erasure =
  order.subject === null
    ? await erasures.eraseTenant(order.tenant, { reason: 'test', confirm: order.tenant })
    : await erasures.eraseSubject(order.tenant, order.subject, { reason: 'test' })
await erasure.done
await outside.end()
process.stdout.write('done\n')
