import { writeSync } from 'node:fs'
import type pg from 'pg'
import { openMemkeep } from '../../src/index.ts'
import { mintScope } from '../../src/trust.ts'
import { keysAt } from '../support/keys-at.ts'

// Writes, reads and sequences, all at once, until it is killed; one line for each pass.

export interface SequencingOrder {
  readonly app: pg.ClientConfig
  readonly upkeep: pg.ClientConfig
  readonly keyDir: string
}

/** What its sessions are called, so that a test can tell when the server has ended them all. */
export const childSessions = 'memkeep sequencing child'

const order: SequencingOrder | undefined = process.argv[2] === undefined ? undefined : JSON.parse(process.argv[2])
if (order !== undefined && process.argv[1] === import.meta.filename) await run(order)

async function run({ app, upkeep, keyDir }: SequencingOrder): Promise<void> {
  const keep = await openMemkeep({
    database: { ...app, max: 3, application_name: childSessions },
    upkeep: { ...upkeep, max: 2, application_name: childSessions },
    ...keysAt(keyDir),
    acceptOldServer: true,
    audit: { mergeDelaySeconds: 3600 },
  })
  const writer = async (subject: string): Promise<void> => {
    const memory = keep.for(mintScope({ tenant: 'acme', subject, principal: { id: 'child', roles: ['agent'] } }))
    for (let n = 0; ; n++) {
      await memory.add(`${subject} ${n}`, { actor: 'user' })
      await memory.get('00000000-0000-0000-0000-000000000000')
    }
  }
  const sequencer = async (): Promise<void> => {
    for (;;) writeSync(1, `${await keep.sequence()}\n`)
  }
  await Promise.all([writer('ana'), writer('ben'), sequencer()])
}
