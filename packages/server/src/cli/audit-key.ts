import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson } from './output.ts'

export const auditKey: Command = {
  name: 'audit key',
  takes: '[--json] [--data DIR]',
  does: "prints the verifier key of the deployment's log, which a witness must be told",
  notes: ['--json prints {"key"}.'],
  async run(args) {
    const given = readArguments(args, { flags: ['json'] })
    const key = await withKeep(given, (keep) => keep.logKey())
    await (given.flag('json') ? printJson({ key }) : print(`${key}\n`))
    return 0
  },
}
