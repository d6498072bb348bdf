// Prints the commands of the README to install, run and test, one a line: the `sh` blocks of these three sections.
import { readFileSync } from 'node:fs'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const sections = new Map(readme.split(/^## /m).map((section) => [section.split('\n')[0], section]))
for (const [title, needed] of [
  ['Set up', 'npm ci'],
  ['Run it', 'npm run demo'],
  ['Tests', 'npm test'],
]) {
  const blocks = [...(sections.get(title) ?? '').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1])
  const commands = blocks.flatMap((block) => block.split('\n')).filter((line) => line !== '' && !line.startsWith('#'))
  if (!commands.includes(needed)) throw new Error(`the README does not say under "${title}": ${needed}`)
  for (const command of commands) console.log(command)
}
