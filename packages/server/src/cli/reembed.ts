import { MemkeepError, type ReadableMemory, type ReembedProgress, type ReembedReport } from 'memkeep'
import { reembedReach } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress, shown } from './output.ts'

/** A line of progress each time that so many more were written. */
const toldEvery = 200

export const reembed: Command = {
  name: 'reembed',
  takes: '--tenant T WHO [--replace-model] [--drop-former] [--json] [--data DIR]',
  does: 'embeds what waits for it, or was embedded by another model, or is without stems',
  notes: [
    'WHO is exactly one of --subject S and --whole-tenant (every subject, and what belongs to the tenant as a whole).',
    'The model and the stems are those that this program uses (MEMKEEP_EMBEDDER, MEMKEEP_LANGUAGES). Where a memory has vectors',
    'of other models only it changes nothing and fails, unless told --replace-model: another program may search by those. To know',
    'it reads every index entry first. Batch by batch: one that was broken off goes on where it ended. The vectors of the model',
    'before stay beside the new ones, so that a process that still uses it finds as it did; --drop-former takes them away.',
    'Changes no memory, only how it is found. Fails when a memory does not open or the embedder refuses its text.',
    '--json prints {"shelves", "entries", "reembedded", "left", "broken", "refused", "unnamed"}.',
  ],
  async run(args) {
    const given = readArguments(args, {
      values: ['tenant', 'subject'],
      flags: ['whole-tenant', 'replace-model', 'drop-former', 'json'],
    })
    const [tenant, subject] = [given.required('tenant'), given.who()]
    const options = { dropFormer: given.flag('drop-former'), onProgress: teller() }
    const work = async (memory: ReadableMemory): Promise<ReembedReport> => {
      if (!given.flag('replace-model')) await refuseOthers(memory)
      return memory.reembed(options)
    }
    const report = await withKeep(given, (keep) => work(reembedReach(keep, tenant, subject)), {
      searches: true,
    }).catch((error: unknown) => {
      if (!(error instanceof MemkeepError) || error.code !== 'ERR_INPUT_INVALID') throw error
      throw new MemkeepError('ERR_INPUT_INVALID', 'there is nothing to embed with: see the lines above', {
        cause: error,
      })
    })
    await tell(report, given.flag('json'))
    return report.broken.length + report.refused.length + report.unnamed === 0 ? 0 : 1
  },
}

/** Another program may search by a model that this one does not have: to take its place is for whoever runs both to say. */
async function refuseOthers(memory: ReadableMemory): Promise<void> {
  const { ofOtherModels, models } = await memory.checkShelves()
  if (ofOtherModels === 0) return
  const made = Object.entries(models).map(([model, count]) => `${count} by ${shown(model)}`)
  throw new MemkeepError(
    'ERR_EMBEDDER_MISMATCH',
    `${ofOtherModels} memories have vectors of another model than this program's (${made.join(', ')}), and nothing was changed: ` +
      'to embed them anew by this one, say --replace-model; else run reembed where the other model is',
  )
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
  const { shelves, entries, reembedded, left, broken, refused, unnamed } = report
  for (const id of broken) progress(`${id} does not open`)
  for (const id of refused) progress(`${id} is refused by the embedder`)
  const said = [
    `${reembedded} embedded, ${entries - reembedded - left - refused.length} had what they need, on ${shelves} shelves`,
    ...(left > 0 ? [`${left} were changed meanwhile`] : []),
    ...(broken.length > 0 ? [`${broken.length} do not open`] : []),
    ...(refused.length > 0 ? [`${refused.length} are refused by the embedder`] : []),
    ...(unnamed > 0 ? [`${unnamed} shelves left out: the name of their subject does not open`] : []),
  ]
  return print(`${said.join(', ')}\n`)
}
