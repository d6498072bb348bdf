import type pg from 'pg'
import type { Finding } from './finding.ts'
import { isOfThisBuild, judgeLogin, judgeStore, type ServerCircumstances } from './judge-facts.ts'
import { judgeWalls } from './judge-walls.ts'
import { type LoginFacts, readLoginFacts, readStoreFacts } from './login-facts.ts'
import type { LoginRole } from './schema.ts'
import { readWallFacts } from './wall-facts.ts'

export type { Finding } from './finding.ts'
export type { ServerCircumstances } from './judge-facts.ts'

/**
 * Everything that is wrong with `login` and the database, as the connected `client` sees them; empty when nothing is. Two
 * round trips; the client is left as it was. Rejects only with the driver's error.
 */
export async function inspectLogin(
  client: pg.ClientBase,
  login: LoginRole,
  server: ServerCircumstances,
): Promise<Finding[]> {
  const facts = await readStoreFacts(client)
  const found = judgeStore(facts, login, server)
  return isOfThisBuild(facts) ? [...found, ...judgeWalls(await readWallFacts(client))] : found
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
