import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { MemkeepError } from 'memkeep'
import { type Acceptance, type AcceptedRollback, acceptRollback } from 'memkeep/install'
import { readBounded } from '../import/read-bounded.ts'
import { auditOf, keysOf, type Place } from '../open-keep.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { placeFor, refuseAbsent } from './deployment.ts'
import { print, printJson, progress } from './output.ts'

export const auditAcceptRollback: Command = {
  name: 'audit accept-rollback',
  takes: '--confirm N --by WHO --reason R [--head FILE] [--json] [--data DIR]',
  does: 'accepts a database that was set back behind what the witness saw, and begins new logs',
  notes: [
    'For a restore that you mean. What the witness saw beyond the restored database is given up, for good and in an event: the',
    'new logs name the heads of the former ones. N is the number of entries that the witness saw, as the refusal says it. Asks',
    'the witness of MEMKEEP_WITNESS; one over HTTP cannot say what it saw, so --head FILE is the checkpoint that it has, and',
    'afterwards it must be told the key that is printed. With your own server: as the administrator of',
    'MEMKEEP_ADMIN_DATABASE_URL.',
    '--json prints {"line", "key", "givenUp": {"origin", "size", "root"}, "witnessed"}.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['confirm', 'by', 'reason', 'head'], flags: ['json'] })
    given.required('confirm')
    const head = given.value('head')
    const acceptance: Acceptance = {
      confirm: given.number('confirm')!,
      by: given.required('by'),
      reason: given.required('reason'),
      ...(head === undefined ? {} : { head: Buffer.from(await readBounded(head, 65_536)).toString('utf8') }),
    }
    const place = placeFor(given)
    refuseAbsent(place)
    const accepted = await acceptAt(place, acceptance)
    if (given.flag('json')) await printJson(accepted)
    else await print(`line ${accepted.line} of the logs has begun\nkey ${accepted.key}\n`)
    if (!accepted.witnessed) progress('the witness must be told this key before anything is served')
    return 0
  },
}

async function acceptAt(place: Place, acceptance: Acceptance): Promise<AcceptedRollback> {
  const { witness } = auditOf(process.env)
  if (witness === undefined) throw new MemkeepError('ERR_INPUT_INVALID', 'MEMKEEP_WITNESS must name the witness')
  const options = { ...keysOf(place), ...acceptance, witness }
  if (place.kind === 'server') {
    const { adminUrl: admin, appUrl: database } = place
    if (admin === null) throw new MemkeepError('ERR_INPUT_INVALID', 'MEMKEEP_ADMIN_DATABASE_URL is not set')
    return acceptRollback({ ...options, admin, database })
  }
  const engine = await embedded({ dir: join(place.dir, 'db') }).start()
  try {
    return await acceptRollback({ ...options, admin: { ...engine.admin }, database: { ...engine.app } })
  } finally {
    await engine.release()
  }
}
