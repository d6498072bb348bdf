/** Every variable that a command takes a setting from. */
export const settingsOfEnvironment: ReadonlySet<string> = new Set([
  'MEMKEEP_ACCEPT_OLD_SERVER',
  'MEMKEEP_ADMIN_DATABASE_URL',
  'MEMKEEP_ADMIN_KEYS',
  'MEMKEEP_API_KEY',
  'MEMKEEP_AUDIT_COLD_TIER',
  'MEMKEEP_AUDIT_KEEP_READS_DAYS',
  'MEMKEEP_AUDIT_READS',
  'MEMKEEP_CONFIG',
  'MEMKEEP_CONNECTORS_ELSEWHERE',
  'MEMKEEP_DATABASE_URL',
  'MEMKEEP_DEBUG',
  'MEMKEEP_DISCLOSURE',
  'MEMKEEP_EMBEDDER',
  'MEMKEEP_ERASURES',
  'MEMKEEP_GRACE_SECONDS',
  'MEMKEEP_HOST',
  'MEMKEEP_JWT_AUDIENCE',
  'MEMKEEP_JWT_ISSUER',
  'MEMKEEP_JWT_JWKS',
  'MEMKEEP_KEYS',
  'MEMKEEP_LANGUAGES',
  'MEMKEEP_PORT',
  'MEMKEEP_PUBLIC_URL',
  'MEMKEEP_RATE_ADMIN_PER_MINUTE',
  'MEMKEEP_RATE_CREDENTIAL_PER_MINUTE',
  'MEMKEEP_RATE_TENANT_PER_MINUTE',
  'MEMKEEP_REDIS_URL',
  'MEMKEEP_SUPPORT_SECOND_PERSON',
  'MEMKEEP_TOOLS',
  'MEMKEEP_TRACES',
  'MEMKEEP_TRUSTED_PROXIES',
  'MEMKEEP_UPKEEP_DATABASE_URL',
  'MEMKEEP_WITNESS',
  'MEMKEEP_WITNESS_KEY',
])

/** What others put there under our name: Kubernetes for a service that is called memkeep, and our own tests. */
const notOurs = /^MEMKEEP_(SERVICE|PORT|TEST)_/

/** Takes out settings that are empty: they are as if they were not there, as compose files and unit files leave them. Returns the names of those that are no settings. */
export function tidyEnvironment(env: NodeJS.ProcessEnv): string[] {
  const named = Object.keys(env).filter((name) => name.startsWith('MEMKEEP_') && !notOurs.test(name))
  for (const name of named) if (env[name] === '') delete env[name]
  return named.filter((name) => env[name] !== undefined && !settingsOfEnvironment.has(name)).sort()
}
