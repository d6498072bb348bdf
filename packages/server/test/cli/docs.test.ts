import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { usageOf } from '../../src/cli/usage.ts'

const page = new URL('../../../../docs/cli.md', import.meta.url)
const [begin, end] = ['<!-- commands: made by packages/server/test/cli/docs.test.ts -->\n', '<!-- end of commands -->']

/** The part of docs/cli.md that the table of commands makes. */
const reference = commands
  .map((command) => `### memkeep ${command.name}\n\`\`\`text\n${usageOf(command)}\`\`\`\n`)
  .join('\n')

test('docs/cli.md says what the commands say; MEMKEEP_WRITE_DOCS=1 writes it anew', () => {
  const text = readFileSync(page, 'utf8')
  const [before, rest] = text.split(begin)
  const [standing, after] = rest!.split(end)
  if (process.env.MEMKEEP_WRITE_DOCS === '1') writeFileSync(page, [before, begin, reference, end, after].join(''))
  else expect(standing).toBe(reference)
})

test('no line of help is longer than a page is wide', () => {
  const long = commands.flatMap((command) => usageOf(command).split('\n')).filter((line) => line.length > 130)
  expect(long).toEqual([])
})
