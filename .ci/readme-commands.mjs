// Prints the commands of the README's `sh` blocks, one a line, in their order.
import { readFileSync } from 'node:fs'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1])
const commands = blocks.flatMap((block) => block.split('\n')).filter((line) => line !== '' && !line.startsWith('#'))
for (const needed of ['npm ci', 'npm run demo', 'npm test']) {
  if (!commands.includes(needed)) throw new Error(`the README does not say: ${needed}`)
}
for (const command of commands) console.log(command)
