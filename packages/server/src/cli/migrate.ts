import { MemkeepError } from 'memkeep'
import { installStore, type LoginPasswords } from 'memkeep/install'
import { keysOf, type Place, placeOf } from '../open-keep.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { print } from './output.ts'

export const migrate: Command = {
  name: 'migrate',
  takes: '[--set-passwords] [--again] [--data DIR]',
  does: 'installs or upgrades the schema, and installs the first token keys',
  notes: [
    'With your own server: as the administrator of MEMKEEP_ADMIN_DATABASE_URL, with the keys of MEMKEEP_KEYS.',
    '--set-passwords gives the two logins the passwords that MEMKEEP_DATABASE_URL and MEMKEEP_UPKEEP_DATABASE_URL carry;',
    'without it they keep theirs. --again applies functions, policies and grants anew: the repair of what was altered.',
    'An embedded deployment is made when there is none, and is upgraded whenever it is opened.',
  ],
  async run(args) {
    const given = readArguments(args, { flags: ['set-passwords', 'again'] })
    const { env } = process
    // Before there is an application, the administrator's address alone names the server.
    const appUrl = env.MEMKEEP_DATABASE_URL ?? env.MEMKEEP_ADMIN_DATABASE_URL
    const place = placeOf(given.value('data'), appUrl === undefined ? env : { ...env, MEMKEEP_DATABASE_URL: appUrl })
    if (place.kind === 'embedded') {
      await withKeep(given, async () => {}, { create: true })
      await print('the embedded database is up to date\n')
      return 0
    }
    const passwords = given.flag('set-passwords') ? passwordsOf(env) : {}
    const { changed } = await installStore({
      ...keysOf(place),
      admin: adminOf(place),
      passwords,
      again: given.flag('again'),
    })
    await print(
      `${changed ? 'the schema was installed' : 'the schema was up to date'}; token keys are in place for 24 hours\n`,
    )
    return 0
  },
}

function adminOf({ adminUrl }: Extract<Place, { kind: 'server' }>): string {
  if (adminUrl !== null) return adminUrl
  throw new MemkeepError('ERR_INPUT_INVALID', 'MEMKEEP_ADMIN_DATABASE_URL is not set')
}

function passwordsOf(env: NodeJS.ProcessEnv): LoginPasswords {
  return {
    app: passwordIn(env, 'MEMKEEP_DATABASE_URL'),
    upkeep: passwordIn(env, 'MEMKEEP_UPKEEP_DATABASE_URL'),
  }
}

function passwordIn(env: NodeJS.ProcessEnv, name: string): string {
  const password = decodeURIComponent(URL.parse(env[name] ?? '')?.password ?? '')
  if (password !== '') return password
  throw new MemkeepError('ERR_INPUT_INVALID', `--set-passwords needs ${name} to be an address with a password`)
}
