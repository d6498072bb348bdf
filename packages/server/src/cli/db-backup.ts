import { mkdirSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { backUpEmbedded, checkBackupTarget, restoreEmbedded } from '@memkeep/embedded'
import { MemkeepError } from 'memkeep'
import { noteKeys } from '../keyless.ts'
import { type Arguments, readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { placeFor, refuseAbsent } from './deployment.ts'
import { print, progress } from './output.ts'

export const dbBackup: Command = {
  name: 'db backup',
  takes: 'DIR [--data DIR]',
  does: 'copies the embedded database into a new directory',
  notes: [
    'The server is stopped for the copy (seconds); programs that use it get it back by themselves.',
    'The keys are NOT in it: without them it is worth nothing. Back them up on their own, in another place.',
  ],
  async run(args) {
    const given = readArguments(args, { words: ['DIR'] })
    const dir = embeddedDir(given)
    refuseAbsent({ kind: 'embedded', dir })
    const target = resolve(given.words[0]!)
    const keys = join(dir, 'keys')
    if (target === keys || target.startsWith(keys + sep)) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'a backup beside the keys opens itself to whoever takes both')
    }
    const database = join(dir, 'db')
    checkBackupTarget(database, target)
    progress('stopping the server and copying ...')
    await backUpEmbedded(database, target)
    await print(`backed up to ${target}\n`)
    progress(`the keys are not in it: back up ${keys} on its own, in another place`)
    return 0
  },
}

export const dbRestore: Command = {
  name: 'db restore',
  takes: 'DIR [--data DIR]',
  does: 'makes an embedded database of a backup',
  notes: [
    'Refuses to overwrite: --data must name a deployment without a database. Put the keys back yourself, in keys/ there.',
    'What was written after the backup is not in it, and what was deleted since is there again.',
  ],
  async run(args) {
    const given = readArguments(args, { words: ['DIR'] })
    const dir = embeddedDir(given)
    makeDirectory(dir)
    await restoreEmbedded(given.words[0]!, join(dir, 'db'))
    noteKeys(dir)
    await print(`restored to ${join(dir, 'db')}\n`)
    progress(`the keys are not in a backup: ${join(dir, 'keys')} must hold those that were in use when it was made`)
    return 0
  },
}

function embeddedDir(given: Arguments): string {
  const place = placeFor(given)
  if (place.kind === 'embedded') return place.dir
  throw new MemkeepError(
    'ERR_INPUT_INVALID',
    'this is for the embedded engine: back up your own server with its own tools',
  )
}

function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the directory cannot be made', { cause })
  }
}
