import type { DisclosureBudget } from 'memkeep'
import { operatorGrant } from '../authn/operator.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, shown } from './output.ts'

export const tenantDisclosure: Command = {
  name: 'tenant disclosure',
  takes: 'ID [--memories N --per-seconds S [--except ROLES]] [--none] [--json] [--data DIR]',
  does: 'shows how many memories a principal of the tenant may be shown in a time, or sets it',
  notes: [
    'Each principal may be shown N memories in S seconds (whole minutes, a day at most), over all subjects; beyond it a read is',
    'refused with ERR_RATE_LIMITED. ROLES are comma-separated: principals with one of them are not counted. --none takes the',
    'budget away: then the one goes that the serving program was opened with.',
    'The operator is a principal too: `export` and `erase --export` ask in the role export, `import`, `reembed` and `quarantine` as',
    'admin, `search` as agent. `--except admin,export` lets all but `search` pass, and whoever else has these roles.',
    '--json prints {"tenant", "disclosure": {"memories", "perSeconds", "except"?} or null}.',
  ],
  async run(args) {
    const values = ['memories', 'per-seconds', 'except']
    const given = readArguments(args, { values, flags: ['none', 'json'], words: ['ID'] })
    const tenant = given.words[0]!
    const asked = askedBudget(given)
    const disclosure = await withKeep(given, async (keep) => {
      const { tenants } = keep.privileged(operatorGrant('memkeep tenant disclosure'))
      if (asked !== undefined) await tenants.setDisclosure(tenant, asked)
      return tenants.disclosure(tenant)
    })
    await (given.flag('json')
      ? printJson({ tenant, disclosure })
      : print(`tenant ${shown(tenant)} ${inWords(disclosure)}\n`))
    return 0
  },
}

/** Null for none of its own; undefined when it is only asked for. */
function askedBudget(given: Arguments): DisclosureBudget | null | undefined {
  const [memories, perSeconds, except] = [given.number('memories'), given.number('per-seconds'), given.value('except')]
  const sets = [memories, perSeconds, except].some((each) => each !== undefined)
  if (given.flag('none') && sets) throw new UsageError('--none goes with nothing that sets a budget')
  if (given.flag('none')) return null
  if (!sets) return undefined
  if (memories === undefined || perSeconds === undefined) {
    throw new UsageError('--memories and --per-seconds go together')
  }
  return { memories, perSeconds, ...(except === undefined ? {} : { except: except.split(',') }) }
}

function inWords(budget: DisclosureBudget | null): string {
  if (budget === null) return 'has no disclosure budget of its own'
  const { memories, perSeconds, except = [] } = budget
  const left = except.length === 0 ? '' : `, but for the roles ${except.map(shown).join(', ')}`
  return `shows each principal ${memories} memories in ${perSeconds} seconds${left}`
}
