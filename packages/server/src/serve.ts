import { type AdminKey, AdminKeys } from './authn/admin-keys.ts'
import { type CredentialOptions, Credentials } from './authn/credentials.ts'
import { type FirstKey, firstRun } from './authn/first-run.ts'
import { listen } from './http/listen.ts'
import { logToStderr, type RequestLog } from './http/request-log.ts'
import { mcpOverHttp } from './mcp/http-door.ts'
import { openKeep, type Place } from './open-keep.ts'
import { version } from './version.ts'

export interface ServeOptions {
  readonly place: Place
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 8787; 0 for any free one. */
  readonly port?: number
  /** Default: one line of JSON a request on stderr. */
  readonly log?: RequestLog
  readonly credentials?: CredentialOptions
  /** Default none: then nobody administers over HTTP. */
  readonly adminKeys?: readonly AdminKey[]
  readonly graceMs?: number
}

export interface Serving {
  readonly url: string
  /** Set when this start found no tenant and made one; its key is not kept anywhere. */
  readonly firstKey: FirstKey | null
  /** How it searches: lines for whoever started it. */
  readonly says: readonly string[]
  /** Requests under way finish first; then the keep is closed. */
  close(): Promise<void>
}

/** Opens the deployment and serves it over HTTP. Rejects with the system's error when the address cannot be had. */
export async function serve({ place, host = '127.0.0.1', port = 8787, ...rest }: ServeOptions): Promise<Serving> {
  const { keep, says } = await openKeep(place)
  try {
    const credentials = new Credentials(keep, rest.credentials)
    const adminKeys = new AdminKeys(keep, rest.adminKeys ?? [])
    const mcp = mcpOverHttp(version)
    const grace = rest.graceMs === undefined ? {} : { graceMs: rest.graceMs }
    const door = await listen({
      credentials,
      adminKeys,
      host,
      port,
      log: rest.log ?? logToStderr,
      version,
      mcp,
      ...grace,
    })
    const close = async (): Promise<void> => {
      await door.close()
      await mcp.close()
      await keep.close()
    }
    try {
      return { url: door.url, firstKey: await firstRun(keep), says, close }
    } catch (error) {
      await door.close()
      throw error
    }
  } catch (error) {
    await keep.close()
    throw error
  }
}
