import { readFileSync } from 'node:fs'
import { MemkeepError } from 'memkeep'
import { z } from 'zod'
import { adminRights, checkAdminKeys, checkSecondPerson } from './authn/admin-keys.ts'
import { isProxy } from './authn/client-address.ts'
import { faultOfKey, tokenAlgorithms } from './authn/json-web-tokens.ts'
import { disclosureIn, supportNeedsSecond, toolsIn } from './keep-settings.ts'
import { type ReadJson, readJson } from './read-json.ts'

const count = z.number().int().min(0).max(1_000_000_000)
const toolTrust = z.enum(['external', 'user', 'agent'])
const claim = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])
const httpUrl = z.url({ protocol: /^https?$/ })

/** Who can change what comes from there signs tokens of any tenant: over plain HTTP from this machine alone. */
const keySetUrl = httpUrl.refine((text) => /^https:/i.test(text) || isLoopback(new URL(text).hostname), {
  error: 'https, or http on this machine',
})

/** Paths are put behind it, and it is told to anybody. */
const publicUrl = httpUrl.refine(isPlainAddress, { error: 'an address without a user, a query or a fragment' })

/** What it is that no token could be verified with stands in the refusal, and no part of the key. */
const keySet = z
  .looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })
  .superRefine(({ keys }, { addIssue }) => {
    for (const [at, key] of keys.entries()) {
      const message = faultOfKey(key)
      if (message !== null) addIssue({ code: 'custom', path: ['keys', at], message })
    }
  })

const jwt = z.strictObject({
  issuer: z.string().min(1),
  audience: z.string().min(1),
  /** Address of the issuer's key set, or the set itself. */
  jwks: z.union([keySetUrl, keySet]),
  algorithms: z
    .array(z.enum(tokenAlgorithms as [string, ...string[]]))
    .min(1)
    .exactOptional(),
  claims: z
    .strictObject({
      tenant: claim.exactOptional(),
      subject: claim.exactOptional(),
      principal: claim.exactOptional(),
      roles: claim.exactOptional(),
      wholeTenant: claim.exactOptional(),
    })
    .exactOptional(),
  rolePrefix: z.string().exactOptional(),
  clockToleranceSeconds: z.number().int().min(0).max(300).exactOptional(),
})

const settings = z.strictObject({
  host: z.string().min(1).exactOptional(),
  port: z.number().int().min(0).max(65_535).exactOptional(),
  /** The address that clients know the server by. */
  publicUrl: publicUrl.exactOptional(),
  jwt: jwt.exactOptional(),
  adminKeys: z
    .array(
      z.strictObject({
        name: z.string(),
        sha256: z.string(),
        rights: z.array(z.enum(adminRights)).min(1).readonly().exactOptional(),
      }),
    )
    .exactOptional(),
  rateLimits: z
    .strictObject({
      tenantPerMinute: count.exactOptional(),
      credentialPerMinute: count.exactOptional(),
      adminPerMinute: count.exactOptional(),
    })
    .exactOptional(),
  /** Proxies before the server: their X-Forwarded-For says whose a failed credential was. */
  trustedProxies: z
    .array(z.string().refine(isProxy, { error: 'an address, or a network as 10.0.0.0/8' }))
    .exactOptional(),
  /** Where several servers count together. */
  redisUrl: z.url({ protocol: /^rediss?$/ }).exactOptional(),
  /** Tools that are trusted more than any page, by name. */
  tools: z
    .record(
      z.string().min(1).max(200),
      z.union([
        toolTrust,
        z.strictObject({
          trust: toolTrust,
          roles: z.array(z.string().min(1)).max(64).exactOptional(),
          principals: z.array(z.string().min(1)).max(64).exactOptional(),
        }),
      ]),
    )
    .exactOptional(),
  /** What a principal may be shown in a time, where its tenant has no budget of its own. */
  disclosure: z
    .strictObject({
      memories: z.number().int().min(1).max(1_000_000),
      perSeconds: z.number().int().min(60).max(86_400).multipleOf(60),
      except: z.array(z.string().min(1)).max(64).exactOptional(),
    })
    .exactOptional(),
  /** How long requests under way may take to finish when the server closes. */
  graceSeconds: z.number().int().min(0).max(3600).exactOptional(),
})

export type ServerConfig = z.output<typeof settings>

/** Variables of the environment, and the setting that each is. */
const variables: Readonly<
  Record<string, { readonly path: readonly string[]; readonly parse: (text: string) => unknown }>
> = {
  MEMKEEP_HOST: { path: ['host'], parse: String },
  MEMKEEP_PORT: { path: ['port'], parse: wholeNumber },
  MEMKEEP_PUBLIC_URL: { path: ['publicUrl'], parse: String },
  MEMKEEP_JWT_ISSUER: { path: ['jwt', 'issuer'], parse: String },
  MEMKEEP_JWT_AUDIENCE: { path: ['jwt', 'audience'], parse: String },
  MEMKEEP_JWT_JWKS: { path: ['jwt', 'jwks'], parse: String },
  MEMKEEP_ADMIN_KEYS: { path: ['adminKeys'], parse: adminKeysIn },
  MEMKEEP_RATE_TENANT_PER_MINUTE: { path: ['rateLimits', 'tenantPerMinute'], parse: wholeNumber },
  MEMKEEP_RATE_CREDENTIAL_PER_MINUTE: { path: ['rateLimits', 'credentialPerMinute'], parse: wholeNumber },
  MEMKEEP_RATE_ADMIN_PER_MINUTE: { path: ['rateLimits', 'adminPerMinute'], parse: wholeNumber },
  MEMKEEP_TRUSTED_PROXIES: { path: ['trustedProxies'], parse: (text) => text.split(',').map((each) => each.trim()) },
  MEMKEEP_REDIS_URL: { path: ['redisUrl'], parse: String },
  MEMKEEP_TOOLS: { path: ['tools'], parse: toolsIn },
  MEMKEEP_DISCLOSURE: { path: ['disclosure'], parse: disclosureIn },
  MEMKEEP_GRACE_SECONDS: { path: ['graceSeconds'], parse: wholeNumber },
}

export interface ConfigSources {
  /** A file of JSON; default what MEMKEEP_CONFIG names. */
  readonly file?: string
  readonly env: NodeJS.ProcessEnv
  /** What the command line says, by the option that said it. */
  readonly flags: Readonly<Record<string, { readonly path: readonly string[]; readonly value: unknown } | undefined>>
}

/**
 * The server's settings: the command line's before the environment's before the file's. Throws `ERR_INPUT_INVALID` for a setting
 * that is unknown or wrong, or stands twice, naming the place: the option, the variable, or the file and the path in it. Never a value.
 */
export function readConfig({ file, env, flags }: ConfigSources): ServerConfig {
  const named = file ?? env.MEMKEEP_CONFIG
  const merged: Record<string, unknown> = named === undefined ? {} : readFile(named)
  const saidBy = new Map<string, string>()
  const put = (path: readonly string[], value: unknown, by: string): void => {
    const parent = path.slice(0, -1).reduce<Record<string, unknown> | null>((at, name) => {
      if (at === null) return null
      const { [name]: there = {} } = at
      // What a file says wrongly stays as it is, to be told of.
      if (typeof there !== 'object' || there === null || Array.isArray(there)) return null
      at[name] = { ...there }
      return at[name] as Record<string, unknown>
    }, merged)
    if (parent === null) return
    parent[path.at(-1)!] = value
    saidBy.set(path.join('.'), by)
  }
  for (const [name, { path, parse }] of Object.entries(variables)) {
    if (env[name] !== undefined && env[name] !== '') put(path, parse(env[name]), name)
  }
  for (const [name, flag] of Object.entries(flags)) if (flag !== undefined) put(flag.path, flag.value, name)
  const parsed = settings.safeParse(merged)
  if (!parsed.success) throw wrong(parsed.error.issues[0]!, named, saidBy)
  const { adminKeys } = parsed.data
  if (adminKeys !== undefined) {
    const place = saidBy.get('adminKeys') ?? named ?? 'settings'
    naming(place, () => {
      checkAdminKeys(adminKeys)
      if (supportNeedsSecond(env)) checkSecondPerson(adminKeys)
    })
  }
  return parsed.data
}

/** What `check` throws, with the place of the fault before it. */
function naming<T>(place: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${place}: ${(error as Error).message}`)
  }
}

function readFile(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  // As strictly as a request: of two settings of one name nobody knows which was meant.
  const { value, wrong } = strictly(file, text)
  if (wrong !== null) throw new MemkeepError('ERR_INPUT_INVALID', `${file}: ${wrong}`)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new MemkeepError('ERR_INPUT_INVALID', `${file}: must hold an object of settings`)
}

function strictly(file: string, text: string): ReadJson {
  try {
    return readJson(text)
  } catch {
    throw new MemkeepError('ERR_INPUT_INVALID', `${file}: the file is not JSON`)
  }
}

function wrong(issue: z.core.$ZodIssue, file: string | undefined, saidBy: ReadonlyMap<string, string>): MemkeepError {
  const path = issue.path.map(String)
  // Whoever said the setting, or the nearest one above it; else it stands in the file.
  const lengths = Array.from({ length: path.length + 1 }, (_, index) => path.length - index)
  const by = lengths.map((length) => saidBy.get(path.slice(0, length).join('.'))).find((each) => each !== undefined)
  const below = [...saidBy].find(([place]) => place.startsWith(`${path.join('.')}.`))?.[1]
  const where = by ?? (file === undefined ? (below ?? 'settings') : file)
  const keys = issue.code === 'unrecognized_keys' ? `unknown: ${issue.keys.join(', ')}` : issue.message
  return new MemkeepError('ERR_INPUT_INVALID', `${where}: ${path.length === 0 ? '' : `${path.join('.')}: `}${keys}`)
}

function isPlainAddress(text: string): boolean {
  const { username, password } = new URL(text)
  return username === '' && password === '' && !/[?#]/.test(text)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

function wholeNumber(text: string): unknown {
  return /^\d{1,10}$/.test(text) ? Number(text) : text
}

/** `name:sha256`, or `name:sha256:right+right`, with commas between. */
function adminKeysIn(text: string): unknown {
  return text.split(',').map((each) => {
    const [name = '', sha256 = '', rights, ...more] = each.split(':').map((part) => part.trim())
    if (more.length > 0) return null
    return { name, sha256, ...(rights === undefined ? {} : { rights: rights.split('+').map((right) => right.trim()) }) }
  })
}
