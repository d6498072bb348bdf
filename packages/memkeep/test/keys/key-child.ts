/** A process of its own that uses a key store, for the tests of races and of sudden death. Prints one JSON line a result. */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import type { KillPoint } from '../../src/core/seams.ts'
import { directoryKeyStore, localKeys } from '../../src/keys/drivers/local.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { Keyring } from '../../src/keys/keyring.ts'

export interface ChildOrder {
  readonly directory: string
  readonly tenants: readonly string[]
  readonly subjects: readonly string[]
  /** Wait for this time before starting, so that all children start at once. */
  readonly startAtMs?: number
  /** Die by SIGKILL here: at a kill point, or before or after the n-th put (from 0). */
  readonly dieAt?: KillPoint | { readonly put: number; readonly when: 'before' | 'after' }
}

export interface ChildResult {
  readonly tenant: string
  readonly subject: string
  readonly created: boolean
  readonly tenantTag: string
  readonly subjectTag: string
  readonly epoch: number
  readonly version: number
  /** Seals the subject's name. */
  readonly record: string
  /** Of window 1. */
  readonly tokenKey: string
  /** Seals the tenant's name under the deployment's own key. */
  readonly deploymentRecord: string
}

const order = JSON.parse(process.argv[2]!) as ChildOrder

function die(): void {
  process.kill(process.pid, 'SIGKILL')
  // The signal may arrive a moment later: nothing may happen in between.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function dyingStore(store: KeyStore): KeyStore {
  let puts = 0
  const dieAt = (when: string) => {
    if (typeof order.dieAt === 'object' && order.dieAt.put === puts && order.dieAt.when === when) die()
  }
  return {
    get: (name) => store.get(name),
    replace: (name, record) => store.replace(name, record),
    delete: (name) => store.delete(name),
    list: (prefix) => store.list(prefix),
    async putIfAbsent(name, record) {
      dieAt('before')
      const put = await store.putIfAbsent(name, record)
      dieAt('after')
      puts++
      return put
    },
  }
}

const ring = new Keyring({
  provider: localKeys({ file: join(order.directory, 'root.key') }),
  store: dyingStore(directoryKeyStore({ dir: join(order.directory, 'store') })),
  clock: systemClock,
  reach: (point) => {
    if (point === order.dieAt) die()
  },
})

while (Date.now() < (order.startAtMs ?? 0)) await new Promise((resolve) => setTimeout(resolve, 1))

for (const tenant of order.tenants) {
  const { keys, created } = await ring.createTenant(tenant)
  for (const subject of order.subjects) {
    const subjectTag = keys.subjectTag(subject)
    const key = await keys.forWriting(subjectTag)
    const result: ChildResult = {
      tenant,
      subject,
      created,
      tenantTag: keys.tag.toString('hex'),
      subjectTag: subjectTag.toString('hex'),
      epoch: key.epoch,
      version: key.version,
      record: key.seal('name', Buffer.from(subject), [tenant]).toString('hex'),
      tokenKey: (await ring.tokenKey(1)).toString('hex'),
      deploymentRecord: (await (await ring.deployment()).own()).seal('name', Buffer.from(tenant), []).toString('hex'),
    }
    writeSync(1, `${JSON.stringify(result)}\n`)
  }
}
ring.close()
