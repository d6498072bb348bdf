import type pg from 'pg'
import { type Finding, judgeLogin, judgeStore, type ServerCircumstances } from './judge-facts.ts'
import { type LoginFacts, readLoginFacts, readStoreFacts } from './login-facts.ts'
import type { LoginRole } from './schema.ts'

export type { Finding, ServerCircumstances } from './judge-facts.ts'

/**
 * Everything that is wrong with `login` and the database, as the connected `client` sees them; empty when nothing is. One
 * round trip; the client is left as it was. Rejects only with the driver's error.
 */
export async function inspectLogin(
  client: pg.ClientBase,
  login: LoginRole,
  server: ServerCircumstances,
): Promise<Finding[]> {
  return judgeStore(await readStoreFacts(client), login, server)
}

/**
 * The part of an inspection that can differ from one connection to the next of the same server. Brings its facts too, for
 * `serverStarted`: another value than before means another server, which must be inspected whole.
 */
export async function inspectConnection(
  client: pg.ClientBase,
  login: LoginRole,
): Promise<{ facts: LoginFacts; findings: Finding[] }> {
  const facts = await readLoginFacts(client)
  return { facts, findings: judgeLogin(facts, login) }
}
