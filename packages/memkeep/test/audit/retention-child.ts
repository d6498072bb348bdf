import type pg from 'pg'
import { directoryColdTier } from '../../src/audit/drivers/directory-cold-tier.ts'
import type { KillPoint } from '../../src/core/seams.ts'
import { openMemkeep } from '../../src/index.ts'
import { keysAt } from '../support/keys-at.ts'

// One pass of upkeep that puts reads away, and kills itself with SIGKILL when it has come to a point for the n-th time.

export interface RetentionOrder {
  readonly app: pg.ClientConfig
  readonly upkeep: pg.ClientConfig
  readonly keyDir: string
  readonly coldDir: string
  readonly nowMs: number
  readonly point: KillPoint
  readonly time: number
}

const order: RetentionOrder | undefined = process.argv[2] === undefined ? undefined : JSON.parse(process.argv[2])
if (order !== undefined && process.argv[1] === import.meta.filename) await run(order)

async function run({ app, upkeep, keyDir, coldDir, nowMs, point, time }: RetentionOrder): Promise<void> {
  let reached = 0
  await using keep = await openMemkeep({
    database: { ...app, max: 2 },
    upkeep: { ...upkeep, max: 1 },
    ...keysAt(keyDir),
    acceptOldServer: true,
    audit: { mergeDelaySeconds: 3600, keepReadsDays: 30, coldTier: directoryColdTier({ dir: coldDir }) },
    seams: {
      clock: { now: () => nowMs },
      reach: (here) => {
        if (here === point && ++reached === time) process.kill(process.pid, 'SIGKILL')
      },
    },
  })
  await keep.runUpkeep()
}
