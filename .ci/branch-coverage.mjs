// branch-coverage.mjs ROOM LEAST: fails when the last coverage run took less than LEAST percent of a kernel room's branches.
import { readFileSync } from 'node:fs'

const [room, least] = process.argv.slice(2)
const summary = JSON.parse(readFileSync(new URL('../coverage/coverage-summary.json', import.meta.url), 'utf8'))
const files = Object.entries(summary).filter(([file]) => file.includes(`/packages/memkeep/src/${room}/`))
const total = files.reduce((sum, [, { branches }]) => sum + branches.total, 0)
const covered = files.reduce((sum, [, { branches }]) => sum + branches.covered, 0)
const percent = (100 * covered) / total
console.log(`${room}: ${covered} of ${total} branches, ${percent.toFixed(1)} %`)
for (const [file, { branches }] of files) {
  if (branches.covered < branches.total)
    console.log(`  ${file.split('/src/')[1]}: ${branches.covered} of ${branches.total}`)
}
if (!(percent >= Number(least))) process.exit(1)
