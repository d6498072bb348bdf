import { hash } from 'node:crypto'
import { type Audit, type Keep, MemkeepError } from 'memkeep'
import { type LedgerReport, verifyLedger } from 'memkeep/verify'
import { auditReach, operatorGrant } from '../authn/operator.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import { writeBundleTo } from './bundle-directory.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress } from './output.ts'

export const auditExport: Command = {
  name: 'audit export',
  takes: '(--tenant T [--erased] | --deployment) -o DIR [--checkpoints N] [--line N] [--json] [--data DIR]',
  does: "writes a tenant's ledger as a bundle that an auditor can check with tools of others",
  notes: [
    'The log as tiles (C2SP tlog-tiles), its events, signed checkpoints, consistency proofs, the public key, and a README that',
    "tells how to check it with `memkeep verify`, Go's x/mod/sumdb and openssl. DIR must not be there, or be empty. What was",
    'written is checked before it is put in place. N older checkpoints at most are in it (default 100).',
    '--erased: T is a tenant that was erased, also if it has begun anew since; what its events committed to is gone with its keys.',
    '--deployment: the log of what was done to the deployment as a whole. Both stand in that log, by the name of whoever runs',
    'this machine.',
    'Once a rollback was accepted, --line N is an earlier log of the tenant, from 1; the newest goes on from the one before.',
    '--json prints {"origin", "key", "size", "root", "minIndex"}.',
  ],
  async run(args) {
    const given = readArguments(args, {
      values: ['tenant', 'output', 'checkpoints', 'line'],
      flags: ['json', 'erased', 'deployment'],
    })
    const [auditOf, directory, checkpoints, line] = [
      auditedBy(given),
      given.required('output'),
      given.number('checkpoints'),
      given.number('line'),
    ]
    let report: LedgerReport | undefined
    await withKeep(given, async (keep) => {
      await keep.sequence().catch(tellUnsigned)
      const options = { ...(checkpoints === undefined ? {} : { checkpoints }), ...(line === undefined ? {} : { line }) }
      await writeBundleTo(directory, auditOf(keep).export(options), async (written) => {
        report = await verifyLedger(written, { sha256: (bytes) => hash('sha256', bytes, 'buffer') })
      })
    })
    const { origin, key, size, root, minIndex } = report!
    if (given.flag('json')) await printJson({ origin, key, size, root, minIndex })
    else await print(`${size} events of ${origin}\nkey ${key}\n`)
    return 0
  },
}

/** Whose log: of a tenant that stands by its own scope, of what no scope opens by a grant. */
function auditedBy(given: Arguments): (keep: Keep) => Audit {
  const [erased, deployment] = [given.flag('erased'), given.flag('deployment')]
  if (deployment && (erased || given.value('tenant') !== undefined))
    throw new UsageError('--deployment goes without --tenant')
  if (deployment) return (keep) => keep.ledger(operatorGrant('audit export', 'ledger'))
  const tenant = given.required('tenant')
  if (erased) return (keep) => keep.ledger(operatorGrant('audit export', 'ledger'), { tenant })
  return (keep) => auditReach(keep, tenant).audit
}

/**
 * Another process has the upkeep login: it keeps the log. Whatever else keeps some tenant's log from being signed keeps no auditor from a bundle: what was
 * signed is evidence, of the very log that cannot be signed too.
 */
function tellUnsigned(error: unknown): void {
  if (!(error instanceof MemkeepError)) throw error
  if (error.code === 'ERR_STORE_UNAVAILABLE') return
  progress(`memkeep: not every log could be signed: ${error.message} (${error.code})`)
}
