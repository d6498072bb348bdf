import { writeFile } from 'node:fs/promises'
import {
  type ErasureReason,
  type FinishedErasure,
  type Keep,
  MemkeepError,
  type OpenErasure,
  type RunningErasure,
} from 'memkeep'
import { exportReach, operatorGrant } from '../authn/operator.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { writeExport } from './export.ts'
import { print, printJson, progress, shown } from './output.ts'

const reasons: readonly ErasureReason[] = ['request', 'contract-end', 'retention', 'test']

export const erase: Command = {
  name: 'erase',
  takes: '--tenant T WHO --reason R [--reopen] [--export FILE] [--no-wait] [--json] [--data DIR]',
  does: 'erases one subject, or a whole tenant, and shows what was done',
  notes: [
    'WHO is exactly one of --subject S and --whole-tenant: always said, never a default. R is request, contract-end, retention',
    'or test.',
    'With --export FILE everything that is held is written there first; when that fails, nothing is erased. What is written',
    'between the two is in no file: let nobody write any more.',
    'This program knows no connectors and no shared cache: what such stores hold, only an application that was opened with them',
    'erases. Of connectors that MEMKEEP_CONNECTORS_ELSEWHERE names (crm,search) the plan demands that: then this stops where they',
    'are to be emptied, and upkeep of the application goes on.',
    'Afterwards the id is barred; --reopen lets a subject begin anew, with nothing of what was. A legal hold refuses.',
    'It waits until no process can hold a key of it any more: five minutes, unless the programs were opened with another',
    'holdKeysMs. With --no-wait, or broken off, it goes on by upkeep or by `memkeep erasure resume ID`.',
    '--json prints the report; with --no-wait {"id"}.',
  ],
  async run(args) {
    const given = readArguments(args, {
      values: ['tenant', 'subject', 'reason', 'export'],
      flags: ['whole-tenant', 'reopen', 'no-wait', 'json'],
    })
    const [tenant, subject, reason] = [given.required('tenant'), given.who(), reasonOf(given)]
    const [file, reopens] = [given.value('export'), given.flag('reopen')]
    if (reopens && subject === null) throw new UsageError('--reopen goes with --subject')
    return withKeep(given, async (keep) => {
      if (file !== undefined) await writeExport(exportReach(keep, tenant, subject).export(), file)
      const { erasures } = keep.privileged(operatorGrant('memkeep erase', 'erase'))
      const erasure =
        subject === null
          ? await erasures.eraseTenant(tenant, { reason, confirm: tenant })
          : await erasures.eraseSubject(tenant, subject, { reason, ...(reopens ? { after: 'reopen' as const } : {}) })
      return follow(erasure, given)
    })
  },
}

export const erasureList: Command = {
  name: 'erasure list',
  takes: '[--json] [--data DIR]',
  does: 'lists the erasures that are not done, and why each waits',
  notes: [
    'Of every tenant, the oldest first, at most 200; the look is recorded in the ledger. Whose one is that was repeated after a',
    'restore may not be known. --json prints {"erasures": [{"id", "kind", "requestedAt", "tenant", "step", "why"}]}.',
  ],
  async run(args) {
    const given = readArguments(args, { flags: ['json'] })
    const erasures = await withKeep(given, (keep) => operatorErasures(keep, 'list').list())
    if (given.flag('json')) await printJson({ erasures })
    else for (const open of erasures) await print(`${openLine(open)}\n`)
    return 0
  },
}

/** On one line: which, whose, since when, and why it waits. */
export function openLine({ id, kind, tenant, requestedAt, step, why }: OpenErasure): string {
  const whose = tenant === null ? 'tenant not known' : `tenant ${shown(tenant)}`
  return `${id}  ${kind}  ${whose}  ${requestedAt.toISOString()}  ${step ?? '-'}: ${shown(why ?? 'under way')}`
}

export const erasureShow: Command = {
  name: 'erasure show',
  takes: 'ID [--attestation FILE] [--json] [--data DIR]',
  does: 'shows an erasure, step by step',
  notes: [
    '--attestation FILE writes its attestation there, for `memkeep verify FILE`: it must be done.',
    '--json prints the erasure; its report is null until it is done.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['attestation'], flags: ['json'], words: ['ID'] })
    const view = await withKeep(given, (keep) => operatorErasures(keep, 'show').show(given.words[0]!))
    if (view === null) throw new MemkeepError('ERR_INPUT_INVALID', 'there is no such erasure')
    const file = given.value('attestation')
    if (file !== undefined) await writeAttestation(file, view.report)
    if (given.flag('json')) await printJson(view)
    else {
      await print(`${view.id}  ${view.kind}  ${view.state}  ${view.reason}  ${view.requestedAt.toISOString()}\n`)
      for (const { step, endedAt, notes } of view.steps) {
        const waits = endedAt === null ? `open: ${shown(String(notes.why ?? notes.failed ?? 'under way'))}` : 'done'
        await print(`  ${step.padEnd(10)}  ${endedAt?.toISOString() ?? '-'.padEnd(24)}  ${waits}\n`)
      }
      if (view.report !== null) await tellReport(view.report)
    }
    return 0
  },
}

export const erasureResume: Command = {
  name: 'erasure resume',
  takes: 'ID [--tenant T WHO] [--no-wait] [--json] [--data DIR]',
  does: 'goes on with an erasure that was broken off',
  notes: [
    'Upkeep does the same by itself within two minutes. --json prints the report.',
    'This program knows no connectors and no shared cache: one whose plan names some must be ended by the application that was',
    'opened with them, and it says which.',
    'One that was repeated after a restore may know tags alone, and connectors go by ids: it waits until --tenant T and WHO',
    '(exactly one of --subject S and --whole-tenant) say whom it is of. Others than those it was asked for are refused.',
  ],
  async run(args) {
    const given = readArguments(args, {
      values: ['tenant', 'subject'],
      flags: ['whole-tenant', 'no-wait', 'json'],
      words: ['ID'],
    })
    const [id, tenant] = [given.words[0]!, given.value('tenant')]
    const isNamed = tenant !== undefined || given.value('subject') !== undefined || given.flag('whole-tenant')
    const of = isNamed ? { tenant: given.required('tenant'), subject: given.who() } : undefined
    return withKeep(given, async (keep) => follow(await operatorErasures(keep, 'resume').resume(id, of), given))
  },
}

async function writeAttestation(file: string, report: FinishedErasure | null): Promise<void> {
  if (report === null)
    throw new MemkeepError('ERR_ERASURE_INCOMPLETE', 'the erasure is not done yet', { retryable: true })
  await writeFile(file, report.attestation, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    throw new MemkeepError('ERR_INPUT_INVALID', `the attestation cannot be written there (${error.code})`)
  })
}

function operatorErasures(keep: Keep, act: string) {
  return keep.privileged(operatorGrant(`memkeep erasure ${act}`, 'erase')).erasures
}

/** Tells each step as it ends; without waiting it stops where the lease begins: everything is deleted by then. */
async function follow(erasure: RunningErasure, given: Arguments): Promise<number> {
  progress(`erasure ${erasure.id}`)
  for await (const { step } of erasure) {
    progress(`  ${step}`)
    if (step !== 'derive') continue
    if (given.flag('no-wait')) {
      await (given.flag('json') ? printJson({ id: erasure.id }) : print(`erasure ${erasure.id} goes on by upkeep\n`))
      return 0
    }
    progress('  waiting until no process can hold a key of it ...')
  }
  const report = await erasure.done
  await (given.flag('json') ? printJson(report) : tellReport(report))
  return 0
}

async function tellReport(report: FinishedErasure): Promise<void> {
  for (const { name, deleted, remaining } of report.stores)
    await print(`  ${name}: ${deleted} deleted, ${remaining} left\n`)
  for (const { id, action } of report.derived) await print(`  derived ${shown(id)}: ${shown(action)}\n`)
  for (const { what, why, until } of report.residue)
    await print(`  stays ${shown(what)}: ${shown(why)}${ending(until)}\n`)
  for (const { what, until } of report.notCovered) await print(`  not covered: ${shown(what)}${ending(until)}\n`)
}

function ending(until: string | null): string {
  return until === null ? '' : ` (until ${until})`
}

function reasonOf(given: Arguments): ErasureReason {
  const reason = given.required('reason') as ErasureReason
  if (!reasons.includes(reason)) throw new UsageError(`--reason is one of: ${reasons.join(', ')}`)
  return reason
}
