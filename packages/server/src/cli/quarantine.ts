import { type HeldMemory, type Keep, MemkeepError, type Reviewed } from 'memkeep'
import { reviewReach } from '../authn/operator.ts'
import { type Arguments, readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, shown } from './output.ts'

const who = ['tenant', 'subject']

export const quarantineList: Command = {
  name: 'quarantine list',
  takes: '--tenant T WHO [--json] [--data DIR]',
  does: 'lists what is held for review, in the order in which it was made',
  notes: [
    'WHO is exactly one of --subject S (with what is held of the tenant as a whole) and --whole-tenant (of every subject).',
    'Looking is an event. --json prints {"held": [...]}, each with its content and with why it is held.',
  ],
  async run(args) {
    const given = readArguments(args, { values: who, flags: ['whole-tenant', 'json'] })
    const held = await withKeep(given, async (keep) => {
      const { reads } = reachOf(keep, given)
      const found: HeldMemory[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await reads.quarantine.list(cursor === undefined ? {} : { cursor })
        found.push(...page.items)
        cursor = page.nextCursor
      }
      return found
    })
    if (given.flag('json')) await printJson({ held })
    for (const each of given.flag('json') ? [] : held) await print(lineOf(each))
    return 0
  },
}

export const quarantineShow: Command = {
  name: 'quarantine show',
  takes: 'ID --tenant T WHO [--json] [--data DIR]',
  does: 'shows one that is held, with why',
  notes: ['WHO as for `memkeep quarantine list`. Looking is an event. --json prints it as it is.'],
  async run(args) {
    const given = readArguments(args, { values: who, flags: ['whole-tenant', 'json'], words: ['ID'] })
    const held = await withKeep(given, (keep) => reachOf(keep, given).reads.quarantine.get(given.words[0]!))
    if (held === null) throw notHeld()
    if (given.flag('json')) await printJson(held)
    else {
      await print(lineOf(held))
      for (const { rule } of held.held?.reasons ?? []) await print(`  ${shown(rule)}\n`)
    }
    return 0
  },
}

export const quarantineRelease: Command = {
  name: 'quarantine release',
  takes: 'ID [ID ...] --tenant T WHO [--json] [--data DIR]',
  does: 'makes memories of what is held, trusted as it is',
  notes: [
    'WHO is exactly one of --subject S and --whole-tenant, here what belongs to the tenant as a whole. Fails when none of them',
    'was held. ID@VERSION is one that was read in that version, which one that was ever revised needs: when another is held,',
    'none is released. --json prints {"released": [...]}.',
  ],
  run: (args) =>
    review(args, 'released', (keep, given) => reachOf(keep, given).writes.quarantine.release(which(given))),
}

export const quarantineReject: Command = {
  name: 'quarantine reject',
  takes: 'ID [ID ...] --tenant T WHO [--json] [--data DIR]',
  does: 'removes what is held, with every version; what came from it is trusted as nothing at all',
  notes: [
    'WHO as for `memkeep quarantine release`. Fails when none of them was held. --json prints {"rejected": [...]}.',
  ],
  run: (args) => review(args, 'rejected', (keep, given) => reachOf(keep, given).writes.quarantine.reject(which(given))),
}

async function review<Done extends 'released' | 'rejected'>(
  args: readonly string[],
  done: Done,
  act: (keep: Keep, given: Arguments) => Promise<{ readonly [what in Done]: readonly string[] }>,
): Promise<number> {
  const given = readArguments(args, { values: who, flags: ['whole-tenant', 'json'], words: ['ID'], isOpen: true })
  const { [done]: ids } = await withKeep(given, (keep) => act(keep, given))
  if (ids.length === 0) throw notHeld()
  if (given.flag('json')) await printJson({ [done]: ids })
  for (const id of given.flag('json') ? [] : ids) await print(`${done} ${id}\n`)
  return 0
}

/** ID or ID@VERSION. */
function which({ words }: Arguments): Reviewed[] {
  return words.map((word) => {
    const [, id, version] = /^(.*)@(\d{1,9})$/.exec(word) ?? []
    return id === undefined ? word : { id, ifVersion: Number(version) }
  })
}

function reachOf(keep: Keep, given: Arguments) {
  return reviewReach(keep, given.required('tenant'), given.who())
}

function notHeld(): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', 'nothing of that is held there')
}

function lineOf({ id, version, heldAt, actor, trust, subject, common, held, content }: HeldMemory): string {
  const whose = common ? 'the tenant' : subject === null ? '' : `subject ${shown(subject)}`
  const score = held === null ? '-' : held.score.toFixed(2)
  return `${id}${version > 1 ? `@${version}` : ''}  ${heldAt.toISOString().slice(0, 16)}  ${actor.padEnd(6)}  ${trust.padEnd(8)}  ${score}  ${whose}  ${shown(content)}\n`
}
