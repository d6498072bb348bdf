import type { Keep } from 'memkeep'
import { AdminKeys, checkSecondPerson } from './authn/admin-keys.ts'
import { trustedProxies } from './authn/client-address.ts'
import { type CredentialOptions, Credentials } from './authn/credentials.ts'
import { connectRedis } from './authn/drivers/connect-redis.ts'
import { type FirstKey, firstRun } from './authn/first-run.ts'
import type { JsonWebTokenOptions } from './authn/json-web-tokens.ts'
import { RateLimits } from './authn/rate-limits.ts'
import { TimeShares } from './authn/time-shares.ts'
import { type Listening, listen } from './http/listen.ts'
import { logToStderr, type RequestLog } from './http/request-log.ts'
import { ServerMetrics } from './http/server-metrics.ts'
import { mcpOverHttp } from './mcp/http-door.ts'
import { openKeep, type Place } from './open-keep.ts'
import type { ServerConfig } from './server-config.ts'
import { version } from './version.ts'

export interface ServeOptions {
  readonly place: Place
  /** Default: every setting's own default. */
  readonly config?: ServerConfig
  /** Default: one line of JSON a request on stderr. */
  readonly log?: RequestLog
  readonly credentials?: CredentialOptions
  /** How long an answer may lie unread before its connection is ended. Default 60,000. */
  readonly unreadMs?: number
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
export async function serve({ place, config = {}, ...rest }: ServeOptions): Promise<Serving> {
  const { keep, says } = await openKeep(place, { settings: config })
  const opened: (() => Promise<unknown>)[] = [() => keep.close()]
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).reverse()) await each()
  }
  try {
    const more: string[] = []
    const door = await openDoor(keep, config, rest, opened, (line) => more.push(line))
    return { url: door.url, firstKey: await firstRun(keep), says: [...says, ...more], close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Everything between a keep and its port. What it opens is closed last opened first. Throws `ERR_INPUT_INVALID` for an administrator's key
 * that would make the second person of a support access needless. `tell` hears what whoever starts it should know.
 */
export async function openDoor(
  keep: Keep,
  config: ServerConfig,
  { log = logToStderr, credentials = {}, unreadMs }: Pick<ServeOptions, 'log' | 'credentials' | 'unreadMs'>,
  opened: (() => Promise<unknown>)[],
  tell: (line: string) => void = () => {},
): Promise<Listening> {
  const { host = '127.0.0.1', port = 8787, jwt, adminKeys = [], publicUrl, redisUrl, graceSeconds } = config
  if (keep.supportNeedsSecond) checkSecondPerson(adminKeys)
  const redis = redisUrl === undefined ? null : await connectRedis(redisUrl, tell)
  if (redis !== null) opened.push(async () => redis.destroy())
  const mcp = mcpOverHttp(version)
  opened.push(() => mcp.close())
  const tokens = jwt as JsonWebTokenOptions | undefined
  const door = await listen({
    credentials: new Credentials(keep, { ...credentials, ...(tokens === undefined ? {} : { jwt: tokens }) }),
    adminKeys: new AdminKeys(keep, adminKeys, credentials),
    proxies: trustedProxies(config.trustedProxies ?? []),
    limits: new RateLimits(config.rateLimits, redis),
    shares: new TimeShares(),
    metrics: new ServerMetrics(() => keep.metrics()),
    ready: atMostEachSecond(() => keep.checkReady()),
    host,
    port,
    log,
    version,
    mcp,
    ...(publicUrl === undefined ? {} : { publicUrl: publicUrl.replace(/\/+$/, '') }),
    ...(tokens === undefined ? {} : { issuer: tokens.issuer }),
    ...(unreadMs === undefined ? {} : { unreadMs }),
    ...(graceSeconds === undefined ? {} : { graceMs: graceSeconds * 1000 }),
  })
  opened.push(() => door.close())
  return door
}

/** Whoever asks within a second of another gets that one's answer: anybody may ask, and the database is not theirs to load. */
function atMostEachSecond(check: () => Promise<void>): () => Promise<void> {
  let last: { readonly atMs: number; readonly answer: Promise<void> } | null = null
  return () => {
    const nowMs = Date.now()
    if (last === null || nowMs - last.atMs > 1000) {
      const answer = check()
      answer.catch(() => {})
      last = { atMs: nowMs, answer }
    }
    return last.answer
  }
}
