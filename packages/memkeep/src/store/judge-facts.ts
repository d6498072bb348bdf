import { type Finding, fatal, note, some } from './finding.ts'
import type { LoginFacts, StoreFacts } from './login-facts.ts'
import { doorwaysDigest, doorwaysOf, type LoginRole, parseSchemaNote, schemaVersion } from './schema.ts'
import { securityMinors, serverAge, versionText } from './server-version.ts'

/** What only the caller knows of the server. */
export interface ServerCircumstances {
  /** True when Memkeep runs the server itself (`@memkeep/embedded`). */
  readonly embedded: boolean
  /** True when the operator accepts a server without the newest security fixes. */
  readonly acceptOldServer?: boolean
  /** How the connection is protected: a local one needs no TLS. */
  readonly tls: 'verified' | 'loopback' | 'none'
}

const attributeWords: Readonly<Record<string, string>> = {
  superuser: 'is a superuser, whom no wall stops',
  bypassrls: 'may bypass row security',
  createrole: 'may create roles and join them',
  createdb: 'may create databases',
  replication: 'may copy the whole cluster by replication',
}

/** What is wrong with the login and its session. */
export function judgeLogin(facts: LoginFacts, login: LoginRole): Finding[] {
  const found: Finding[] = []
  if (facts.login !== login) {
    found.push(fatal('login-other', `the connection did not log in as ${login}`, `connect as ${login}`))
  }
  if (facts.login !== facts.actsAs) {
    const message = 'the session acts as another role than the one that logged in, and can go back to it'
    found.push(fatal('login-acts-as-other', message, `log in as ${login} itself; do not use SET ROLE`))
  }
  for (const attribute of facts.attributes) {
    const remedy = `alter role ${login} no${attribute}`
    found.push(fatal(`login-${attribute}`, `the login ${attributeWords[attribute]}`, remedy))
  }
  if (facts.memberOf.length > 0) {
    const message = `the login is a member of ${some(facts.memberOf)} and can take on its rights`
    found.push(fatal('login-member', message, `revoke the membership from ${login}`))
  }
  if (facts.synchronousCommit === 'off') {
    const message = 'synchronous_commit is off: an acknowledged write could be lost'
    found.push(fatal('synchronous-commit-off', message, 'set synchronous_commit to on (or local, remote_write)'))
  }
  return found
}

/** True where the database says that this very build made its doorways: then its walls are compared with what this build makes. */
export function isOfThisBuild(facts: Pick<StoreFacts, 'schema' | 'note'>): boolean {
  const standing = standingOf(facts)
  return typeof standing === 'object' && standing.version === schemaVersion && standing.digest === doorwaysDigest()
}

/** Everything that is wrong with the login, its privileges, the schema and the server; for its walls see `judgeWalls`. */
export function judgeStore(facts: StoreFacts, login: LoginRole, server: ServerCircumstances): Finding[] {
  return [
    ...judgeLogin(facts, login),
    ...judgePrivileges(facts, login),
    ...judgeSchema(facts, login),
    ...judgeServer(facts, server),
  ]
}

function judgePrivileges(facts: StoreFacts, login: LoginRole): Finding[] {
  const found: Finding[] = []
  const refuse = (code: string, wrong: readonly string[] | boolean, message: string, remedy: string): void => {
    if (wrong === true || (wrong !== false && wrong.length > 0)) found.push(fatal(code, message, remedy))
  }
  refuse('login-owner', facts.owned > 0, `the login owns ${facts.owned} object(s)`, `reassign what ${login} owns`)
  if (facts.largeObjects > 0) {
    // Bytes beside the walls, but no way through them: the login itself can make these, and must not end the service so.
    const message = `the login owns ${facts.largeObjects} large object(s), which no wall guards`
    const remedy = `as a superuser: select lo_unlink(oid) from pg_largeobject_metadata where lomowner = '${login}'::regrole; then close large objects to the public (docs/install.md)`
    found.push(note('login-large-object', message, remedy))
  }
  const { relations, closedByDefault, strayGrants, database, schemas, settings } = facts
  const revoke = `revoke it from ${login} and from public`
  refuse('table-privilege', relations, `the login holds a privilege on ${some(relations)}`, revoke)
  refuse('system-privilege', closedByDefault, `the login may use ${some(closedByDefault)}`, revoke)
  refuse('stray-grant', strayGrants, `the login is named in access lists of ${some(strayGrants)}`, revoke)
  refuse('database-privilege', database, `the login holds ${some(database)} on the database`, revoke)
  refuse('schema-create', schemas, `the login may create objects in schema ${some(schemas)}`, revoke)
  refuse('role-setting', settings, `a setting is stored for a role: ${some(settings)}`, 'alter role … reset it')
  const owners = `a role of Memkeep has more rights than it needs: ${some(facts.owners)}`
  refuse('owner-role', facts.owners, owners, 'take the attribute or the membership away')
  return found
}

function judgeSchema(facts: StoreFacts, login: LoginRole): Finding[] {
  const migrate = 'run `memkeep migrate`'
  const standing = standingOf(facts)
  if (standing === 'absent') return [fatal('schema-version', 'the database has no schema memkeep', migrate)]
  if (standing === 'foreign') {
    const remedy = 'use another database'
    return [fatal('schema-version', 'schema memkeep was not made by Memkeep', remedy)]
  }
  // One version to either side, so that deploys can roll: whichever of code and schema goes first.
  const ahead = standing.version - schemaVersion
  if (Math.abs(ahead) > 1) {
    const message = `schema version ${standing.version} is ${ahead > 0 ? 'newer' : 'older'} than this code accepts`
    return [fatal('schema-version', message, ahead > 0 ? 'use the newer Memkeep' : migrate)]
  }
  const found: Finding[] = []
  const { extra, missing } = compare(
    facts.functions,
    doorwaysOf(login).map((name) => `memkeep.${name}`),
  )
  // A newer schema may have doorways that this code does not know yet, in its own schema and nowhere else.
  const unknown = ahead > 0 ? extra.filter((name) => !name.startsWith('memkeep.')) : extra
  if (unknown.length > 0) {
    found.push(fatal('doorway-extra', `the login can call ${some(unknown)}`, 'revoke EXECUTE, or USAGE on its schema'))
  }
  // Before a migration the newest doorways may be absent: they are only ever added.
  if (missing.length > 0 && ahead >= 0)
    found.push(fatal('doorway-missing', `the login cannot call ${some(missing)}`, migrate))
  if (facts.loose.length > 0) {
    const message = `not a doorway as Memkeep makes them (owner, SECURITY DEFINER, search_path): ${some(facts.loose)}`
    found.push(fatal('doorway-altered', message, 'find out who altered it, then install the schema anew'))
  }
  if (facts.unforced.length > 0) {
    const message = `row security is not forced on ${some(facts.unforced)}`
    found.push(fatal('rls-not-forced', message, 'alter table … enable row level security, force row level security'))
  }
  if (facts.unguarded.length > 0) {
    found.push(fatal('rls-no-policy', `no policy guards ${some(facts.unguarded)}`, 'install the schema anew'))
  }
  if (!isOfThisBuild(facts)) {
    const message = 'the doorways are those of another build by the word of the database: their text was not compared'
    found.push(note('doorways-differ', message, migrate))
  }
  return found
}

function judgeServer(facts: StoreFacts, server: ServerCircumstances): Finding[] {
  const found: Finding[] = []
  if (facts.fsync === 'off') found.push(fatal('fsync-off', 'fsync is off: a crash can lose the database', 'turn it on'))
  if (facts.fullPageWrites === 'off') {
    found.push(fatal('full-page-writes-off', 'full_page_writes is off: a crash can tear pages', 'turn it on'))
  }
  return [...found, ...judgeTransport(server.tls), ...judgeVersion(facts.server, server)]
}

/** What is wrong with the way to the server. */
export function judgeTransport(tls: ServerCircumstances['tls']): Finding[] {
  if (tls !== 'none') return []
  const message = 'the connection leaves this machine without TLS that verifies the server'
  return [fatal('tls-missing', message, 'use ssl with the certificate authority of the server')]
}

function judgeVersion(version: number, server: ServerCircumstances): Finding[] {
  const minors = securityMinors()
  const age = serverAge(version, minors)
  const name = `PostgreSQL ${versionText(version)}`
  if (age === 'unsupported')
    return [fatal('server-unsupported', `${name} is too old for Memkeep`, 'upgrade the server')]
  if (age === 'unknown') {
    return [note('server-unknown', `${name} is newer than the releases this Memkeep was tried on`, 'update Memkeep')]
  }
  if (age === 'current') return []
  const old = `${name} lacks security fixes released by ${minors.asOf}`
  if (server.embedded) {
    const message = `${old}: nothing is promised against somebody who can run SQL of their own as a login`
    return [note('server-old', message, 'use a server of your own where that matters')]
  }
  const remedy = 'update the server'
  return [server.acceptOldServer ? note('server-old', `${old} (accepted)`, remedy) : fatal('server-old', old, remedy)]
}

function standingOf(
  facts: Pick<StoreFacts, 'schema' | 'note'>,
): { version: number; digest: string } | 'absent' | 'foreign' {
  if (!facts.schema) return 'absent'
  try {
    return parseSchemaNote(facts.note)
  } catch {
    return 'foreign'
  }
}

/** `extra` counts an overload of a known name too: it is another function. */
function compare(held: readonly string[], wanted: readonly string[]): { extra: string[]; missing: string[] } {
  const extra = held.filter((name, index) => !wanted.includes(name) || held.indexOf(name) !== index)
  return { extra, missing: wanted.filter((name) => !held.includes(name)) }
}
