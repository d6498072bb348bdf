import { modulesOf, type ParsedModule } from './parsed-module.ts'
import { brokenImports, isKernel, isSource, kernel, type Rule, roomOf, server } from './rule.ts'
import type { SourceTree } from './source-tree.ts'

/** Statements, as they would stand in a string; words that also begin an English sentence need what follows them in SQL. */
const sqlText = [
  /\bselect\b[\s\S]*\bfrom\b\s+(\w+\.|pg_|unnest|\$)/i,
  /^\s*select\s+\S+\s*\(/i,
  /\b(insert\s+into|delete\s+from)\s+[\w."]+\s*(\(|values|select|where|using|$)/i,
  /\bupdate\s+[\w."]+\s+(\w+\s+)?set\b/i,
  /\b(create|alter|drop)\s+(or\s+replace\s+)?(role|table|schema|function|policy|database|type|index)\s+\S/i,
  /^\s*(set\s+(local|session|role)\b|reset\s+role|grant\s+\w+\s+on|revoke\s+\w+\s+on)/i,
  /\bmemkeep\.\w+\s*\(/,
]

/** The demo's attacks speak SQL with the application's own login: that is what they show. */
const attacks = `${server}cli/demo/attacks.ts`

/** The connector for a table of the application's own, in the application's database, through the application's pool. */
const foreignTable = `${kernel}connectors/drivers/postgres-table.ts`

const speaksSql = (text: string): boolean => sqlText.some((statement) => statement.test(text))

export const sqlStaysInStore: Rule = {
  rule: "SQL of the memory database stands only in the kernel's store/",
  broken: (tree) => [
    ...[...tree.keys()]
      .filter((path) => path.endsWith('.sql') && isSource(path) && !path.startsWith(`${kernel}store/sql/`))
      .map((path) => `${path}: SQL outside store/`),
    ...modulesOf(tree, isSource)
      .filter(({ path }) => roomOf(path) !== 'store' && path !== attacks)
      .flatMap((module) => sqlIn(module).map((what) => `${module.path}: ${what}`)),
  ],
}

/** The embedded engine speaks SQL to the server it runs, never to the schema; so does the connector to a foreign table. */
function sqlIn({ path, strings, methodCalls, imports }: ParsedModule): string[] {
  if (path.startsWith('packages/embedded/') || path === foreignTable) {
    return strings.filter((text) => /\bmemkeep\.\w+/.test(text)).map(() => 'names the schema memkeep')
  }
  return [
    ...strings.filter(speaksSql).map((text) => `holds SQL: ${text.trim().slice(0, 40)}`),
    ...(methodCalls.includes('query') ? ['calls query()'] : []),
    ...imports.filter(({ from, typeOnly }) => from === 'pg' && !typeOnly).map(() => 'imports pg as a value'),
  ]
}

const crossTenantOwner = 'memkeep_upkeep_door'

/** Methods of the keyring that open a tenant's keys without that tenant's scope. */
const crossTenantKeys = ['createTenant', 'tenantByTag']

export const crossTenantIsPrivileged: Rule = {
  rule: 'cross-tenant doorways and keys are used only in privileged/ and upkeep/',
  broken: (tree) => {
    const doorways = crossTenantDoorways(tree)
    if (doorways.length === 0) return [`store/sql/doorways: none is owned by ${crossTenantOwner}`]
    return modulesOf(tree, isSource)
      .filter(({ path }) => !isKernel(path) || !['privileged', 'upkeep', 'keys'].includes(roomOf(path)))
      .flatMap(({ path, strings, methodCalls }) => [
        ...doorways
          .filter((name) => strings.some((text) => new RegExp(`(^|\\bmemkeep\\.)${name}\\b`).test(text)))
          .map((name) => `${path}: names doorway ${name}`),
        ...crossTenantKeys.filter((name) => methodCalls.includes(name)).map((name) => `${path}: calls ${name}()`),
      ])
  },
}

/** Doorways whose owner sees rows of every tenant, by the SQL files themselves. */
export function crossTenantDoorways(tree: SourceTree): string[] {
  return [...tree]
    .filter(
      ([path, text]) =>
        path.startsWith(`${kernel}store/sql/doorways/`) && text.includes(`-- owner: ${crossTenantOwner}\n`),
    )
    .flatMap(([, text]) => [...text.matchAll(/create or replace function memkeep\.(\w+)/g)].map((match) => match[1]!))
}

/**
 * Administration: the only modules that hold a transaction open over several statements, and that connect by themselves.
 * The doorways take a connection too, for one statement, to see whether it may be a prepared one; they open no transaction.
 */
const transactions = ['install.ts', 'install-first-token-keys.ts'].map((file) => `${kernel}store/${file}`)
const connections = ['install.ts', 'one-connection.ts', 'doorways.ts'].map((file) => `${kernel}store/${file}`)

/** What asks the keyring, and so perhaps a key service over the network, while it runs. */
const keySources = ['TokenKeySource', 'verifyingKeys']

/** Drivers of these rooms speak to another server, and never to the memory database. */
const elsewhere = [`${kernel}connectors/`, `${kernel}cache/`, `${server}authn/`].map((room) => `${room}drivers/`)

const opensTransaction = (text: string): boolean =>
  /(^|;)\s*(begin|start\s+transaction|savepoint\s+\w+|prepare\s+transaction)\b(?!\s+[a-z]+\s+[a-z]+)/i.test(text)

export const transactionsReachNothing: Rule = {
  rule: 'nothing reaches the network inside a database transaction: every call is one statement, administration apart',
  broken: (tree) => [
    ...modulesOf(tree, (path) => isSource(path) && !path.startsWith('packages/embedded/') && path !== attacks).flatMap(
      ({ path, strings, methodCalls }) => [
        ...strings
          .filter((text) => opensTransaction(text) && !transactions.includes(path))
          .map((text) => `${path}: opens a transaction: ${text.trim().slice(0, 40)}`),
        ...(methodCalls.includes('connect') &&
        !connections.includes(path) &&
        !elsewhere.some((at) => path.startsWith(at))
          ? [`${path}: takes a connection of its own`]
          : []),
      ],
    ),
    ...brokenImports(
      modulesOf(tree, (path) => isKernel(path) && roomOf(path) === 'store'),
      (_, { from }) =>
        from !== null && /^node:(net|tls|http2?|https|dns|dgram|child_process)\b/.test(from)
          ? `store reaches ${from}`
          : null,
    ),
    ...brokenImports(
      modulesOf(tree, (path) => transactions.includes(path)),
      (_, { from, names }) => {
        const source = names.find((name) => name === '*' || keySources.includes(name))
        if (source !== undefined) return `may ask for keys inside its transaction: ${source}`
        return from?.startsWith('node:') === true ? `reaches ${from} inside its transaction` : null
      },
    ),
  ],
}
