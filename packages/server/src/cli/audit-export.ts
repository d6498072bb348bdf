import { hash } from 'node:crypto'
import { MemkeepError } from 'memkeep'
import { type LedgerReport, verifyLedger } from 'memkeep/verify'
import { auditReach } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
import { writeBundleTo } from './bundle-directory.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress } from './output.ts'

export const auditExport: Command = {
  name: 'audit export',
  takes: '--tenant T -o DIR [--checkpoints N] [--line N] [--json] [--data DIR]',
  does: "writes a tenant's ledger as a bundle that an auditor can check with tools of others",
  notes: [
    'The log as tiles (C2SP tlog-tiles), its events, signed checkpoints, consistency proofs, the public key, and a README that',
    "tells how to check it with `memkeep verify`, Go's x/mod/sumdb and openssl. DIR must not be there, or be empty. What was",
    'written is checked before it is put in place. N older checkpoints at most are in it (default 100).',
    'Once a rollback was accepted, --line N is an earlier log of the tenant, from 1; the newest goes on from the one before.',
    '--json prints {"origin", "key", "size", "root", "minIndex"}.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['tenant', 'output', 'checkpoints', 'line'], flags: ['json'] })
    const [tenant, directory, checkpoints, line] = [
      given.required('tenant'),
      given.required('output'),
      given.number('checkpoints'),
      given.number('line'),
    ]
    let report: LedgerReport | undefined
    await withKeep(given, async (keep) => {
      await keep.sequence().catch(tellUnsigned)
      const options = { ...(checkpoints === undefined ? {} : { checkpoints }), ...(line === undefined ? {} : { line }) }
      await writeBundleTo(directory, auditReach(keep, tenant).audit.export(options), async (written) => {
        report = await verifyLedger(written, { sha256: (bytes) => hash('sha256', bytes, 'buffer') })
      })
    })
    const { origin, key, size, root, minIndex } = report!
    if (given.flag('json')) await printJson({ origin, key, size, root, minIndex })
    else await print(`${size} events of ${origin}\nkey ${key}\n`)
    return 0
  },
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
