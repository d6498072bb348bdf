import { MemkeepError, type ReembedProgress, type ReembedReport } from 'memkeep'
import { reembedReach } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress } from './output.ts'

/** A line of progress each time that so many more were written. */
const toldEvery = 200

export const reembed: Command = {
  name: 'reembed',
  takes: '--tenant T WHO [--drop-former] [--json] [--data DIR]',
  does: 'embeds what waits for it, or was embedded by another model, or is without stems',
  notes: [
    'WHO is exactly one of --subject S and --whole-tenant (every subject, and what belongs to the tenant as a whole).',
    'The model and the stems are those that this program uses (MEMKEEP_EMBEDDER, MEMKEEP_LANGUAGES). Batch by batch: one that',
    'was broken off goes on where it ended. The vectors of the model before stay beside the new ones, so that a process that',
    'still uses it finds as it did; --drop-former takes them away. Changes no memory, only how it is found.',
    'Fails when a memory does not open. --json prints {"shelves", "entries", "reembedded", "left", "broken", "unnamed"}.',
  ],
  async run(args) {
    const given = readArguments(args, {
      values: ['tenant', 'subject'],
      flags: ['whole-tenant', 'drop-former', 'json'],
    })
    const [tenant, subject] = [given.required('tenant'), given.who()]
    const options = { dropFormer: given.flag('drop-former'), onProgress: teller() }
    const report = await withKeep(given, (keep) => reembedReach(keep, tenant, subject).reembed(options), {
      searches: true,
    }).catch((error: unknown) => {
      if (!(error instanceof MemkeepError) || error.code !== 'ERR_INPUT_INVALID') throw error
      throw new MemkeepError('ERR_INPUT_INVALID', 'there is nothing to embed with: see the lines above', {
        cause: error,
      })
    })
    await tell(report, given.flag('json'))
    return report.broken.length + report.unnamed === 0 ? 0 : 1
  },
}

function teller(): (now: ReembedProgress) => void {
  let told = 0
  return ({ shelves, ofShelves, entries, reembedded }) => {
    if (reembedded - told < toldEvery && !(shelves === ofShelves && ofShelves > 0)) return
    told = reembedded
    progress(`${shelves} of ${ofShelves} shelves, ${entries} memories looked at, ${reembedded} embedded`)
  }
}

async function tell(report: ReembedReport, asJson: boolean): Promise<void> {
  if (asJson) return printJson(report)
  const { shelves, entries, reembedded, left, broken, unnamed } = report
  for (const id of broken) progress(`${id} does not open`)
  const said = [
    `${reembedded} embedded, ${entries - reembedded - left} had what they need, on ${shelves} shelves`,
    ...(left > 0 ? [`${left} were changed meanwhile`] : []),
    ...(broken.length > 0 ? [`${broken.length} do not open`] : []),
    ...(unnamed > 0 ? [`${unnamed} shelves left out: the name of their subject does not open`] : []),
  ]
  return print(`${said.join(', ')}\n`)
}
