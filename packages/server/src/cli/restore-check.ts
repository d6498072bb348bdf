import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson } from './output.ts'

export const restoreCheck: Command = {
  name: 'restore-check',
  takes: '[--json] [--data DIR]',
  does: 'after a restore: erases again what a backup brought back, and replaces the keys of scope tokens',
  notes: [
    'What was erased after the backup was made stands in the erasure ledger, which is kept apart: `erasures` in DIR, or, for a server',
    'of your own, MEMKEEP_ERASURES. Every program does the first part when it opens, before it serves anything. Run this before any',
    'does: those that run are refused until they are started again. What is repeated is ended by upkeep: `memkeep erasure list`',
    'says what waits, and why. --json prints {"repeated"}.',
  ],
  async run(args) {
    const given = readArguments(args, { flags: ['json'] })
    const { repeated } = await withKeep(given, (keep) => keep.checkRestored({ replaceTokenKeys: true }))
    await (given.flag('json')
      ? printJson({ repeated })
      : print(`${repeated} erasures were repeated; the token keys are new\n`))
    return 0
  },
}
