import { operatorGrant, reembedReach } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print, printJson, progress, shown } from './output.ts'

/** A line of progress each time that so many more rows were sealed. */
const toldEvery = 1000

export const keysRotate: Command = {
  name: 'keys rotate',
  takes: '[--tenant T] [--json] [--data DIR]',
  does: 'makes new keys in the place of those that wrap and seal',
  notes: [
    'Without --tenant the root key and the generation: the keys of every tenant are wrapped anew, and the earlier root key is',
    'destroyed. Backups of the key store from before open nothing from then on: make one at once.',
    'With --tenant the key that wraps the keys of its subjects, and a next key for each subject: what is written from now on is',
    'sealed under it, by other processes within five minutes (holdKeysMs). What stands there already: `memkeep keys reseal`.',
    'Broken off, nothing is lost; run it again. In the ledger as key.rotate. Not for API keys: that is `memkeep key`.',
    '--json prints {"roots", "destroyedAt"}, or with --tenant {"subjects"}.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['tenant'], flags: ['json'] })
    const tenant = given.value('tenant')
    await withKeep(given, async (keep) => {
      const { rotation } = keep.privileged(operatorGrant('memkeep keys rotate', 'rotate'))
      if (tenant === undefined) {
        const { roots, destroyedAt } = await rotation.rotateRoot()
        if (given.flag('json')) return printJson({ roots, destroyedAt })
        for (const root of roots) await print(`root key ${shown(root)} is destroyed ${destroyedAt.toISOString()}\n`)
        return print('the keys of every tenant stand under new ones: back up the key store now\n')
      }
      const { subjects } = await rotation.rotateTenant(tenant)
      if (given.flag('json')) return printJson({ subjects })
      return print(`${subjects} subjects of ${shown(tenant)} have new keys: back up the key store now\n`)
    })
    return 0
  },
}

export const keysReseal: Command = {
  name: 'keys reseal',
  takes: '--tenant T [--json] [--data DIR]',
  does: "seals a tenant's rows under the newest keys of its subjects",
  notes: [
    'Memories with their earlier versions, what is held, and artifacts, of every subject and of the tenant as a whole. Batch by',
    'batch, beside reads and writes; broken off, it goes on where it ended. After `memkeep keys rotate --tenant T` wait until no',
    'process writes under an earlier key (five minutes), and run it until it says 0. Fails when something does not open.',
    '--json prints {"shelves", "resealed", "left", "broken"}.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['tenant'], flags: ['json'] })
    const tenant = given.required('tenant')
    const report = await withKeep(given, (keep) => reembedReach(keep, tenant, null).reseal({ onProgress: teller() }))
    const { shelves, resealed, left, broken } = report
    for (const id of broken) progress(`${id} does not open`)
    if (given.flag('json')) await printJson(report)
    else await print(`${resealed} rows sealed anew on ${shelves} shelves, ${left} were written meanwhile\n`)
    return broken.length === 0 ? 0 : 1
  },
}

function teller(): (now: { readonly shelves: number; readonly resealed: number }) => void {
  let told = 0
  return ({ shelves, resealed }) => {
    if (resealed - told < toldEvery) return
    told = resealed
    progress(`${resealed} rows sealed anew, ${shelves} shelves done`)
  }
}
