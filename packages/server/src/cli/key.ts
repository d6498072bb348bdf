import { type ApiKey, defaultPolicy } from 'memkeep'
import { operatorGrant } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress, shown } from './output.ts'

export const keyCreate: Command = {
  name: 'key create',
  takes: '--tenant T WHO --role R [--name N] [--json] [--data DIR]',
  does: 'makes an API key and prints it once',
  notes: [
    'WHO is exactly one of --subject S and --whole-tenant: what the key reaches.',
    `R is a role of the policy; without one of your own: ${Object.keys(defaultPolicy).join(', ')}.`,
    "N is whom the ledger names for the key's calls; default: R.",
    '--json prints {"id", "key"}. The key is not stored and cannot be shown again.',
  ],
  async run(args) {
    const given = readArguments(args, {
      values: ['tenant', 'subject', 'role', 'name'],
      flags: ['whole-tenant', 'json'],
    })
    const [tenant, subject, role] = [given.required('tenant'), given.who(), given.required('role')]
    if (!Object.hasOwn(defaultPolicy, role)) {
      progress("note: that role is not of the default policy; unless the tenant's own names it, the key may do nothing")
    }
    const principal = { id: given.value('name') ?? role, roles: [role] }
    const { id, key } = await withKeep(given, (keep) =>
      keep.privileged(operatorGrant('memkeep key create', 'keys')).keys.create({ tenant, subject, principal }),
    )
    await (given.flag('json') ? printJson({ id, key }) : print(`id   ${id}\nkey  ${key}\n`))
    return 0
  },
}

export const keyList: Command = {
  name: 'key list',
  takes: '--tenant T [--json] [--data DIR]',
  does: "lists a tenant's API keys, without their secrets",
  notes: [
    '--json prints {"keys": [{"id", "subject", "name", "roles", "createdAt", "expiresAt", "revokedAt"}]};',
    'subject null: the whole tenant.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['tenant'], flags: ['json'] })
    const tenant = given.required('tenant')
    const keys = await withKeep(given, (keep) =>
      keep.privileged(operatorGrant('memkeep key list', 'keys')).keys.list(tenant),
    )
    if (given.flag('json')) await printJson({ keys: keys.map(withoutTenant) })
    for (const key of given.flag('json') ? [] : keys) await print(`${lineOf(key)}\n`)
    return 0
  },
}

export const keyRevoke: Command = {
  name: 'key revoke',
  takes: '--tenant T ID [--data DIR]',
  does: 'revokes an API key',
  notes: ['Fails when the tenant has no such key, or it was revoked before. Servers forget it within seconds.'],
  async run(args) {
    const given = readArguments(args, { values: ['tenant'], words: ['ID'] })
    const tenant = given.required('tenant')
    const revoked = await withKeep(given, (keep) =>
      keep.privileged(operatorGrant('memkeep key revoke', 'keys')).keys.revoke(tenant, given.words[0]!),
    )
    if (!revoked) progress('memkeep: the tenant has no such key that is not revoked already')
    else await print('revoked\n')
    return revoked ? 0 : 1
  },
}

function withoutTenant({ id, subject, principal, createdAt, expiresAt, revokedAt }: ApiKey) {
  return { id, subject, name: principal.id, roles: principal.roles, createdAt, expiresAt, revokedAt }
}

function lineOf({ id, subject, principal, createdAt, expiresAt, revokedAt }: ApiKey): string {
  const state =
    revokedAt !== null ? 'revoked' : expiresAt !== null && expiresAt.getTime() <= Date.now() ? 'expired' : 'valid'
  const whom = subject === null ? 'the whole tenant' : `subject ${shown(subject)}`
  const roles = principal.roles.map(shown).join(' ')
  return `${id}  ${state.padEnd(7)}  ${createdAt.toISOString()}  ${roles} (${shown(principal.id)})  ${whom}`
}
