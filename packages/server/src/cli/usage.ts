import type { Command } from './command.ts'

const foot = `--data DIR is where an embedded deployment lies (default .memkeep). Without it MEMKEEP_DATABASE_URL, when it is set,
names your own server and MEMKEEP_KEYS the directory of its keys; MEMKEEP_ACCEPT_OLD_SERVER=1 works with a server that
lacks the newest security fixes. MEMKEEP_AUDIT_READS=relaxed lets reads not wait for the disk.
An option's value may begin with a dash when it is written --name=VALUE; after -- nothing is an option.
Exit code: 0 done, 1 refused or failed, 2 bad usage.
`

/** What `memkeep help` says. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, does }) => `  ${name.padEnd(width)}  ${does}`)
  const head = 'memkeep: memory for AI agents, kept behind walls'
  return [
    head,
    '',
    ...lines,
    '',
    '  memkeep help COMMAND for one of them, memkeep --version for the version',
    '',
    foot,
  ].join('\n')
}

/** What `memkeep help COMMAND` says. */
export function usageOf({ name, takes, does, notes }: Command): string {
  const lines = [`usage: memkeep ${name} ${takes}`.trimEnd(), '', `  ${does}`, ...notes.map((line) => `  ${line}`)]
  return `${lines.join('\n')}\n`
}
