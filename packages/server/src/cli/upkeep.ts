import { setTimeout as sleep } from 'node:timers/promises'
import { type Keep, MemkeepError } from 'memkeep'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, progress } from './output.ts'
import { signalled } from './signalled.ts'

const everyMs = 60_000

export const upkeep: Command = {
  name: 'upkeep',
  takes: '[--once] [--data DIR]',
  does: 'installs token keys, removes what has expired, signs the ledger',
  notes: [
    'Runs until Ctrl-C; --once makes one pass. With your own server it needs MEMKEEP_UPKEEP_DATABASE_URL, and something',
    'must run it: without upkeep calls are refused within a day. An embedded deployment runs its own while it is open.',
  ],
  async run(args) {
    const given = readArguments(args, { flags: ['once'] })
    await withKeep(given, async (keep) => {
      if (given.flag('once')) await pass(keep)
      else await repeat(keep)
    })
    return 0
  },
}

async function pass(keep: Keep): Promise<void> {
  const { expired, swept, distilled, embedded = 0, refused = 0, erased, sequenced } = await keep.runUpkeep()
  await print(
    `${new Date().toISOString()}  expired ${expired}, swept ${swept}, distilled ${distilled}, embedded ${embedded}${refused > 0 ? ` (${refused} refused by the embedder)` : ''}, erased ${erased}, logged ${sequenced}\n`,
  )
}

/**
 * A pass that fails is told, and tried again with the next: what failed may be one tenant's, and holds up no other's. The first one shows whether there is
 * an upkeep login and a database at all.
 */
async function repeat(keep: Keep): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  void signalled().then(() => controller.abort())
  const tell = (error: unknown): void => {
    if (!(error instanceof MemkeepError)) throw error
    progress(`memkeep: ${error.message} (${error.code})`)
  }
  await pass(keep).catch((error: unknown) => {
    if (error instanceof MemkeepError && error.code === 'ERR_STORE_UNAVAILABLE') throw error
    tell(error)
  })
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    await pass(keep).catch(tell)
  }
}
