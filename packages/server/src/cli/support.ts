import type { BreakGlass, SupportAccess } from 'memkeep'
import { supportGrant } from '../authn/operator.ts'
import { type Arguments, readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, shown } from './output.ts'

const named = 'N is you: it stands in the ledger of the tenant, with the reason.'

/** Work with support access in the name of who runs the command. */
function asNamed<T>(given: Arguments, reason: string, work: (breakGlass: BreakGlass) => Promise<T>): Promise<T> {
  const grant = supportGrant(given.required('name'), reason)
  return withKeep(given, (keep) => work(keep.privileged(grant).breakGlass))
}

export const supportRequest: Command = {
  name: 'support request',
  takes: '--tenant T WHO --name N --reason R [--minutes M] [--json] [--data DIR]',
  does: 'asks for support access to what a subject or a tenant said; the tenant sees it in its ledger',
  notes: [
    'WHO is exactly one of --subject S and --whole-tenant: what may be read. M is 60 unless said, at most 1,440.',
    named,
    'With MEMKEEP_SUPPORT_SECOND_PERSON=1 somebody else has to agree first: `memkeep support approve`.',
    '--json prints {"id", "state", "expiresAt"}.',
  ],
  async run(args) {
    const values = ['tenant', 'subject', 'name', 'reason', 'minutes']
    const given = readArguments(args, { values, flags: ['whole-tenant', 'json'] })
    const [tenant, subject, minutes] = [given.required('tenant'), given.who(), given.number('minutes') ?? 60]
    const asked = { tenant, subject, ttlSeconds: minutes * 60 }
    const made = await asNamed(given, given.required('reason'), (breakGlass) => breakGlass.request(asked))
    await (given.flag('json')
      ? printJson(made)
      : print(`id     ${made.id}\nstate  ${made.state}\nuntil  ${made.expiresAt.toISOString()}\n`))
    return 0
  },
}

export const supportApprove: Command = {
  name: 'support approve',
  takes: '--tenant T ID --name N --reason R [--data DIR]',
  does: 'agrees to a support access that somebody else asked for',
  notes: [`${named} Fails for one's own, and when none stands with this id.`],
  run: (args) => change(args, 'agreed to', (breakGlass, tenant, id) => breakGlass.approve(tenant, id)),
}

export const supportEnd: Command = {
  name: 'support end',
  takes: '--tenant T ID --name N --reason R [--data DIR]',
  does: 'ends a support access before its time',
  notes: [named],
  run: (args) => change(args, 'ended', (breakGlass, tenant, id) => breakGlass.end(tenant, id)),
}

async function change(
  args: readonly string[],
  done: string,
  work: (breakGlass: BreakGlass, tenant: string, id: string) => Promise<boolean>,
): Promise<number> {
  const given = readArguments(args, { values: ['tenant', 'name', 'reason'], words: ['ID'] })
  const tenant = given.required('tenant')
  const stood = await asNamed(given, given.required('reason'), (breakGlass) =>
    work(breakGlass, tenant, given.words[0]!),
  )
  await print(stood ? `${done}\n` : 'there is no support access that stands with this id\n')
  return stood ? 0 : 1
}

export const supportList: Command = {
  name: 'support list',
  takes: '--tenant T --name N [--json] [--data DIR]',
  does: 'lists support accesses to a tenant, ended ones too for 30 days',
  notes: [named, '--json prints {"accesses": [...]}.'],
  async run(args) {
    const given = readArguments(args, { values: ['tenant', 'name'], flags: ['json'] })
    const tenant = given.required('tenant')
    const accesses = await asNamed(given, 'memkeep support list', (breakGlass) => breakGlass.list(tenant))
    if (given.flag('json')) await printJson({ accesses })
    for (const access of given.flag('json') ? [] : accesses) await print(`${lineOf(access)}\n`)
    return 0
  },
}

function lineOf({ id, state, on, principal, reason, expiresAt, approvedBy }: SupportAccess): string {
  const agreed = approvedBy === null ? '' : `  agreed by ${shown(approvedBy.principal)}`
  return `${id}  ${state.padEnd(7)}  ${on.padEnd(7)}  until ${expiresAt.toISOString()}  ${shown(principal)}: ${shown(reason)}${agreed}`
}

export const supportRead: Command = {
  name: 'support read',
  takes: '--tenant T ID --name N [--memory M] [--limit L] [--cursor C] [--data DIR]',
  does: "shows memories under a support access of one's own, as JSON; each stands in the tenant's ledger",
  notes: [named, 'Prints {"items", "nextCursor"}, newest first; L is 50 unless said, at most 100.'],
  async run(args) {
    const given = readArguments(args, { values: ['tenant', 'name', 'memory', 'limit', 'cursor'], words: ['ID'] })
    const [tenant, memory, limit, cursor] = [
      given.required('tenant'),
      given.value('memory'),
      given.number('limit'),
      given.value('cursor'),
    ]
    const options = {
      ...(memory === undefined ? {} : { memory }),
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor }),
    }
    await printJson(
      await asNamed(given, 'memkeep support read', (breakGlass) => breakGlass.read(tenant, given.words[0]!, options)),
    )
    return 0
  },
}
