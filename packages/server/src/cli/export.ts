import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type ExportRecord, MemkeepError } from 'memkeep'
import { exportReach } from '../authn/operator.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { withKeep } from './deployment.ts'
import { jsonLine, print, progress } from './output.ts'

export const exportMemories: Command = {
  name: 'export',
  takes: '--tenant T WHO [-o FILE] [--data DIR]',
  does: 'writes everything that is held, as JSON Lines, counts last',
  notes: [
    'WHO is exactly one of --subject S and --whole-tenant (every subject, and what belongs to the tenant as a whole).',
    'Every version of every memory with its provenance; what was made of them. Not whole without a last line of type',
    '`counts`.',
    'The lines follow src/cli/export.schema.json of @memkeep/server. FILE (mode 0600) is put in place when it is whole.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['tenant', 'subject', 'output'], flags: ['whole-tenant'] })
    const [tenant, subject, file] = [given.required('tenant'), given.who(), given.value('output')]
    await withKeep(given, (keep) => {
      const records = exportReach(keep, tenant, subject).export()
      return file === undefined ? writeAll(records, print) : writeExport(records, file)
    })
    return 0
  },
}

async function writeAll(
  records: AsyncIterable<ExportRecord>,
  write: (text: string) => Promise<unknown>,
): Promise<void> {
  for await (const record of records) {
    await write(`${jsonLine(record)}\n`)
    if (record.type !== 'counts') continue
    const { memories, versions, artifacts = 0 } = record
    const made = artifacts === 0 ? '' : `, and ${artifacts} artifacts`
    progress(`exported ${memories} memories and ${versions} older versions${made}`)
  }
}

/** Beside its place first: a file of that name is whole or is the one from before. When it answers the file outlives a crash: what it holds may be erased next. */
export async function writeExport(records: AsyncIterable<ExportRecord>, path: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.part`
  const file = await open(draft, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new MemkeepError('ERR_INPUT_INVALID', `the output file cannot be made there (${error.code})`)
  })
  try {
    try {
      await writeAll(records, (text) => file.write(text))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path).catch((error: NodeJS.ErrnoException) => {
      throw new MemkeepError('ERR_INPUT_INVALID', `the output file cannot be put there (${error.code})`)
    })
    await syncDirectory(dirname(path))
  } finally {
    await rm(draft, { force: true })
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
