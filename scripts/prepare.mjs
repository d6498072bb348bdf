// Runs on `npm ci` and `npm install`: builds when the compiler is there, and stays quiet when only the runtime was asked for.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const tsc = new URL('../node_modules/typescript/bin/tsc', import.meta.url).pathname
if (existsSync(tsc)) {
  const built = spawnSync(process.execPath, [tsc, '-b'], {
    stdio: 'inherit',
    cwd: new URL('..', import.meta.url).pathname,
  })
  process.exitCode = built.status ?? 1
}
