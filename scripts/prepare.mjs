// Runs on `npm ci` and `npm install`: builds when the compiler is there, and stays quiet when only the runtime was asked for.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const tsc = at('../node_modules/typescript/bin/tsc')
if (existsSync(tsc)) {
  const built = spawnSync(process.execPath, [tsc, '-b'], {
    stdio: 'inherit',
    cwd: at('..'),
  })
  process.exitCode = built.status ?? 1
}
