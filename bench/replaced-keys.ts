// npm run bench:keys: what it takes to destroy the key of one erased subject, beside how many other tenants there are, whose keys are wrapped anew under
// the next generation; and beside how many other subjects of its own tenant. A key store and a root in directories of this machine's disk, medians of
// BENCH_ROUNDS (3). BENCH_TENANTS (10,100,1000), BENCH_SUBJECTS (10,100,1000).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { Keyring } from '../packages/memkeep/src/keys/keyring.ts'
import type { TenantKeys } from '../packages/memkeep/src/keys/tenant-keys.ts'
import { median } from './rounds.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const numbers = (name: string) => (process.env[name] ?? '10,100,1000').split(',').map(Number)

console.log('| tenants | subjects of its tenant | ms |')
console.log('|---|---|---|')
for (const tenants of numbers('BENCH_TENANTS')) await measure(tenants, 1)
for (const subjects of numbers('BENCH_SUBJECTS')) await measure(1, subjects)

async function measure(tenants: number, subjects: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'mk-bench-'))
  const keyring = new Keyring({
    provider: localKeys({ file: join(dir, 'root.key') }),
    store: directoryKeyStore({ dir: join(dir, 'store') }),
    clock: { now: () => Date.now() },
    reach: () => {},
  })
  try {
    let keys: TenantKeys | undefined
    for (let number = 0; number < tenants; number++) keys = (await keyring.createTenant(`tenant ${number}`)).keys
    for (let number = 0; number < subjects; number++) await keys!.forWriting(keys!.subjectTag(`subject ${number}`))
    const took: number[] = []
    for (let round = 0; round < rounds; round++) {
      const subject = keys!.subjectTag(`erased ${round}`)
      await keys!.forWriting(subject)
      const began = performance.now()
      await keyring.destruction.deleteRecords({ tenant: keys!.tag, subject }, 1)
      await keyring.destruction.destroyWrappers({ tenant: keys!.tag, subject }, 1)
      took.push(performance.now() - began)
      keys = await keyring.tenant(`tenant ${tenants - 1}`)
    }
    console.log(`| ${tenants} | ${subjects} | ${median(took).toFixed(0)} |`)
  } finally {
    keyring.close()
    await rm(dir, { recursive: true, force: true })
  }
}
