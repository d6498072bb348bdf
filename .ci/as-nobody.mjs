// as-nobody.mjs HOME SCRIPT ARGS...: runs a script on this Node as the OS user nobody, in no other group, with a bare
// environment. Not every system brings a command for that.
import { execFileSync, spawnSync } from 'node:child_process'

const [home, ...args] = process.argv.slice(2)
const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })))
const env = { HOME: home, PATH: '/usr/bin:/bin', NO_COLOR: '1' }
process.exitCode = spawnSync(process.execPath, args, { uid, gid, env, stdio: 'inherit' }).status ?? 1
