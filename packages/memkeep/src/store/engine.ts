/** How one login reaches the database: the part of `pg`'s settings that an engine decides. */
export interface LoginSettings {
  /** Directory of the Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
}

/** A started (or adopted) PostgreSQL. `release` lets go of it; whether it then stops is the engine's affair. */
export interface RunningEngine {
  /** Superuser: used by the installer only, never by an operation on memories. */
  readonly admin: LoginSettings
  /** Login `memkeep_app`. The installer creates the role with this password. */
  readonly app: LoginSettings
  /** Login `memkeep_upkeep`. The installer creates the role with this password. */
  readonly upkeep: LoginSettings
  release(): Promise<void>
}

/** A PostgreSQL that the kernel starts itself instead of being given an address. Implemented by `@memkeep/embedded`. */
export interface DatabaseEngine {
  /** Absolute path of everything that the engine keeps. Keys may not lie below it. */
  readonly dir: string
  start(): Promise<RunningEngine>
}
