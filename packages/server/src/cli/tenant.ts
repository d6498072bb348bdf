import type { Tenant } from 'memkeep'
import { operatorGrant } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
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
