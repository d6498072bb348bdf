import type { Quota, Tenant } from 'memkeep'
import { operatorGrant } from '../authn/operator.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, shown } from './output.ts'

export const tenantCreate: Command = {
  name: 'tenant create',
  takes: 'ID [--json] [--data DIR]',
  does: 'makes a tenant and its keys, and the deployment when there is none',
  notes: ['Done as well when the tenant was there already. --json prints {"tenant"}.'],
  async run(args) {
    const given = readArguments(args, { flags: ['json'], words: ['ID'] })
    const create = { create: true }
    const { tenant, created } = await withKeep(
      given,
      (keep) => keep.privileged(operatorGrant('memkeep tenant create')).tenants.create(given.words[0]!),
      create,
    )
    await (given.flag('json')
      ? printJson({ tenant })
      : print(`tenant ${shown(tenant)} ${created ? 'created' : 'was there already'}\n`))
    return 0
  },
}

export const tenantList: Command = {
  name: 'tenant list',
  takes: '[--json] [--data DIR]',
  does: 'lists the tenants',
  notes: [
    'In a fixed order that is not that of their names. --json prints {"tenants": [{"tenant", "state", "createdAt"}]}.',
  ],
  async run(args) {
    const given = readArguments(args, { flags: ['json'] })
    const tenants = await withKeep(given, async (keep) => {
      const directory = keep.privileged(operatorGrant('memkeep tenant list')).tenants
      const found: Tenant[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await directory.list(cursor === undefined ? {} : { cursor })
        found.push(...page.items)
        cursor = page.nextCursor
      }
      return found
    })
    if (given.flag('json')) await printJson({ tenants })
    for (const { tenant, state, createdAt } of given.flag('json') ? [] : tenants) {
      await print(`${createdAt.toISOString()}  ${state.padEnd(6)}  ${shown(tenant)}\n`)
    }
    return 0
  },
}

export const tenantQuota: Command = {
  name: 'tenant quota',
  takes: 'ID [--memories N] [--bytes N] [--none] [--json] [--data DIR]',
  does: 'shows what a tenant may hold over all its subjects, or sets it',
  notes: [
    'With --memories or --bytes (or both) the tenant gets that quota; what is not said has no bound. --none takes it away: then',
    'the limits go that the serving program was opened with. Bytes are those of the sealed memories, their earlier versions and',
    'their index. A write beyond it is refused with ERR_QUOTA_EXCEEDED; what is held already stays.',
    '--json prints {"tenant", "quota": {"memories"?, "bytes"?} or null}.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['memories', 'bytes'], flags: ['none', 'json'], words: ['ID'] })
    const tenant = given.words[0]!
    const asked = askedQuota(given)
    const quota = await withKeep(given, async (keep) => {
      const { tenants } = keep.privileged(operatorGrant('memkeep tenant quota'))
      if (asked !== undefined) await tenants.setQuota(tenant, asked)
      return tenants.quota(tenant)
    })
    await (given.flag('json') ? printJson({ tenant, quota }) : print(`tenant ${shown(tenant)} ${inWords(quota)}\n`))
    return 0
  },
}

/** Null for none of its own; undefined when it is only asked for. */
function askedQuota(given: Arguments): Quota | null | undefined {
  const [memories, bytes] = [given.number('memories'), given.number('bytes')]
  const sets = memories !== undefined || bytes !== undefined
  if (given.flag('none') && sets) throw new UsageError('--none goes with neither --memories nor --bytes')
  if (given.flag('none')) return null
  if (!sets) return undefined
  return { ...(memories === undefined ? {} : { memories }), ...(bytes === undefined ? {} : { bytes }) }
}

function inWords(quota: Quota | null): string {
  if (quota === null) return 'has no quota of its own'
  const bounds = [
    ...(quota.memories === undefined ? [] : [`${quota.memories} memories`]),
    ...(quota.bytes === undefined ? [] : [`${quota.bytes} bytes`]),
  ]
  return bounds.length === 0 ? 'may hold any number of memories and bytes' : `may hold ${bounds.join(' and ')}`
}
