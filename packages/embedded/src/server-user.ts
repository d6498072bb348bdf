import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { unavailable } from './failure.ts'
import type { Layout } from './layout.ts'

/** The OS user that the server runs as. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root. Root therefore hands the server to whoever owns the data, else to the OS user
 * `postgres`, else to `memkeep`, which is created when it is absent.
 * @returns null when the server runs as the calling user
 * @throws Failure when root finds no user and cannot create one
 */
export function serverUser(layout: Layout): ServerUser | null {
  if (process.getuid?.() !== 0) return null
  const data = statSync(layout.data, { throwIfNoEntry: false })
  if (data && data.uid === 0)
    throw unavailable(`${layout.data} belongs to root, and PostgreSQL refuses to run as root.`)
  if (data) return { uid: data.uid, gid: data.gid }
  const user = lookUp('postgres') ?? lookUp('memkeep') ?? create('memkeep')
  if (user) return user
  throw unavailable('PostgreSQL refuses to run as root, and the system user memkeep could not be created: create it.')
}

function lookUp(name: string): ServerUser | null {
  const uid = idOf('-u', name)
  const gid = idOf('-g', name)
  return uid && gid ? { uid, gid } : null
}

function idOf(flag: '-u' | '-g', name: string): number | null {
  const answer = spawnSync('id', [flag, name], { encoding: 'utf8' })
  const id = Number(answer.stdout)
  return answer.status === 0 && Number.isInteger(id) ? id : null
}

function create(name: string): ServerUser | null {
  const home = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin']
  spawnSync('useradd', ['--system', '--user-group', ...home, name])
  return lookUp(name)
}
