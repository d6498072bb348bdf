import { agentScope } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress, shown } from './output.ts'

export const searchMemories: Command = {
  name: 'search',
  takes: 'TEXT --tenant T --subject S [--limit N] [--json] [--data DIR]',
  does: 'shows the memories that answer best',
  notes: [
    'Asks in the role `agent`: what that role may not read (sensitive, by default) is not found.',
    'N is 1 to 100; default 10. --json prints {"memories": [...]}.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['tenant', 'subject', 'limit'], flags: ['json'], words: ['TEXT'] })
    const [tenant, subject, limit] = [given.required('tenant'), given.required('subject'), given.number('limit')]
    const { memories } = await withKeep(
      given,
      (keep) => keep.for(agentScope(tenant, subject)).search(given.words[0]!, limit === undefined ? {} : { limit }),
      { searches: true },
    )
    if (given.flag('json')) await printJson({ memories })
    else if (memories.length === 0) {
      await print('nothing found\n')
      progress('asked in the role `agent`: what that role may not read, such as sensitive memories, is not found')
    }
    for (const { content, actor, at } of given.flag('json') ? [] : memories) {
      await print(`${at.toISOString().slice(0, 16)}  ${actor.padEnd(6)}  ${shown(content)}\n`)
    }
    return 0
  },
}
