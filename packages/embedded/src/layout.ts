import { join } from 'node:path'

/** Where things lie below the engine's directory. */
export interface Layout {
  readonly dir: string
  /** PostgreSQL's own data directory; 0700, belongs to the server's OS user. */
  readonly data: string
  /** Directory of the Unix socket, or a symbolic link to one with a shorter path. */
  readonly socket: string
  /** Passwords; 0600, belongs to the opener. */
  readonly secrets: string
  /** Held, as a kernel lock, by the one process that may change anything here. */
  readonly lock: string
  readonly log: string
}

/** @param dir absolute path */
export function layoutOf(dir: string): Layout {
  return Object.freeze({
    dir,
    data: join(dir, 'data'),
    socket: join(dir, 'socket'),
    secrets: join(dir, 'secrets.json'),
    lock: join(dir, 'supervisor.lock'),
    log: join(dir, 'server.log'),
  })
}
