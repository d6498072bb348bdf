import { describe, expect, test } from 'vitest'
import {
  crossTenantDoorways,
  crossTenantIsPrivileged,
  sqlStaysInStore,
  transactionsReachNothing,
} from './architecture/database-rules.ts'
import {
  doorsAreApart,
  driversAreChosenOutside,
  driversSeeTheirPort,
  membersKeepTheirBorders,
  mintsLeaveThroughTrust,
  pointDown,
  trustIsForAuthentication,
  verifyIsPure,
} from './architecture/import-rules.ts'
import {
  dependenciesHaveReasons,
  facesAreBuilt,
  kernelNeedsOnlyPg,
  versionsAreExact,
} from './architecture/package-rules.ts'
import type { Rule } from './architecture/rule.ts'
import {
  exportsAreNamed,
  filesAreShort,
  functionsAreShort,
  mostFilesAreShort,
  namesSayOneThing,
} from './architecture/size-rules.ts'
import { readSourceTree } from './architecture/source-tree.ts'

const tree = readSourceTree()
const kernel = 'packages/memkeep/src'
const manifest = 'packages/memkeep/package.json'
const lines = (count: number): string => '// a line\n'.repeat(count)

/** A file of the tree with something changed in its text; fails when the text is no longer there. */
function changed(path: string, from: string, to: string): [string, string] {
  const text = tree.get(path)!
  expect(text).toContain(from)
  return [path, text.replace(from, to)]
}

/** Each rule with violations of it: a file that would be new, or a new text for one that is there. */
const rules: [Rule, ...(() => readonly [path: string, text: string])[]][] = [
  [
    pointDown,
    () => [`${kernel}/core/plant.ts`, "import type { Doorways } from '../store/doorways.ts'"],
    () => [`${kernel}/proof/plant.ts`, "export { rank } from '../recall/rank.ts'"],
    () => [`${kernel}/policy/plant.ts`, "import { rank } from '../recall/rank.ts'"],
    () => [`${kernel}/store/plant.ts`, "const { rank } = await import('../recall/rank.ts')"],
    () => [`${kernel}/upkeep/plant.ts`, "type Kernel = import('../memory/kernel.ts').Kernel"],
    () => [`${kernel}/memory/plant.ts`, "import {\n  openMemkeep,\n} from '../open-memkeep.ts'"],
    () => [`${kernel}/attic/plant.ts`, ''],
  ],
  [
    driversSeeTheirPort,
    () => [`${kernel}/keys/drivers/plant.ts`, "import { Keyring } from '../keyring.ts'"],
    () => [`${kernel}/keys/drivers/plant.ts`, "import type { Embedder } from '../../recall/embedder.ts'"],
    () => [`${kernel}/recall/drivers/plant.ts`, "import pg from 'pg'"],
  ],
  [
    driversAreChosenOutside,
    () => [`${kernel}/keys/plant.ts`, "import { localKeys } from './drivers/local-keys.ts'"],
    () => [`${kernel}/index.ts`, "export { localKeys } from './keys/drivers/local.ts'"],
    () => ['packages/server/src/http/plant.ts', "import { localKeys } from 'memkeep/keys/local'"],
  ],
  [
    mintsLeaveThroughTrust,
    () => [`${kernel}/index.ts`, "export { mintScope } from './core/scope.ts'"],
    () => [`${kernel}/memory/plant.ts`, "import { mintScope as make } from '../core/scope.ts'"],
    () => [`${kernel}/memory/plant.ts`, "import * as scope from '../core/scope.ts'"],
    () => [`${kernel}/privileged/plant.ts`, "import { mintGrant } from '../core/grant.ts'"],
    () => [`${kernel}/keep.ts`, "import { mintScope } from './trust.ts'"],
  ],
  [
    trustIsForAuthentication,
    () => ['packages/server/src/http/plant.ts', "import { mintScope } from 'memkeep/trust'"],
    () => ['packages/embedded/src/plant.ts', "const { mintScope } = await import('memkeep/trust')"],
    () => ['packages/console/src/plant.ts', "export { mintScope } from 'memkeep/trust'"],
  ],
  [
    verifyIsPure,
    () => [`${kernel}/verify.ts`, "export { sealRecord } from './keys/aead.ts'"],
    () => [`${kernel}/verify.ts`, "import { readFileSync } from 'node:fs'"],
    () => [`${kernel}/trust.ts`, "export { openMemkeep } from './open-memkeep.ts'"],
  ],
  [
    membersKeepTheirBorders,
    () => ['packages/server/src/plant.ts', "import { Doorways } from '../../memkeep/src/store/doorways.ts'"],
    () => [`${kernel}/memory/plant.ts`, "import { embedded } from '@memkeep/embedded'"],
    () => [`${kernel}/memory/plant.ts`, "import { z } from 'zod/mini'"],
    () => [`${kernel}/memory/plant.ts`, "const name = './add'\nawait import(name + '.ts')"],
  ],
  [
    doorsAreApart,
    () => ['packages/server/src/mcp/plant.ts', "import { main } from '../cli/main.ts'"],
    () => ['packages/server/src/operations/plant.ts', "import { serve } from '../http/serve.ts'"],
    () => ['packages/server/src/plant.ts', "import { listen } from './http/listen.ts'"],
  ],
  [
    sqlStaysInStore,
    () => [`${kernel}/memory/plant.ts`, "export const text = 'select content from memkeep.memory'"],
    () => [`${kernel}/upkeep/plant.ts`, 'export const text = `delete from memory where id = $1`'],
    () => [`${kernel}/upkeep/plant.ts`, 'export const all = (pool: any, text: string) => pool.query(text)'],
    () => [`${kernel}/memory/plant.ts`, "import pg from 'pg'\nexport const pool = new pg.Pool()"],
    () => [`${kernel}/memory/plant.sql`, 'select 1;'],
    () => ['packages/server/src/http/plant.ts', "export const text = 'SELECT memkeep.read($1)'"],
    () => ['packages/embedded/src/plant.ts', "export const text = 'table memkeep.memory'"],
    () => [`${kernel}/connectors/drivers/redis.ts`, "export const text = 'delete from app.documents where id = $1'"],
    () => [`${kernel}/connectors/drivers/postgres-table.ts`, "export const text = 'table memkeep.memory'"],
  ],
  [
    crossTenantIsPrivileged,
    () => [`${kernel}/memory/plant.ts`, "export const call = { doorway: 'list_tenants' }"],
    () => ['packages/server/src/http/plant.ts', 'export const text = `select * from memkeep.due_shelves($1)`'],
    () => [`${kernel}/memory/plant.ts`, 'export const open = (keyring: any, tag: Buffer) => keyring.tenantByTag(tag)'],
  ],
  [
    transactionsReachNothing,
    () => [`${kernel}/store/plant.ts`, "export const start = (client: any) => client.query('begin')"],
    () => [`${kernel}/store/plant.ts`, "export const start = 'set lock_timeout = 1; START TRANSACTION'"],
    () => [`${kernel}/store/plant.ts`, 'export const own = (pool: any) => pool.connect()'],
    () => [`${kernel}/connectors/plant.ts`, 'export const own = (pool: any) => pool.connect()'],
    () =>
      changed(
        `${kernel}/store/doorways.ts`,
        '    let failure: Error',
        "    await client.query('begin')\n    let failure: Error",
      ),
    () => [`${kernel}/store/plant.ts`, "import { request } from 'node:https'"],
    () => changed(`${kernel}/store/install.ts`, "import pg from 'pg'", "import pg from 'pg'\nimport 'node:fs'"),
    () => [`${kernel}/store/install.ts`, "import { verifyingKeys } from './token-keys.ts'"],
  ],
  [filesAreShort, () => [`${kernel}/memory/plant.ts`, lines(501)], () => ['test/plant.test.ts', lines(501)]],
  [
    functionsAreShort,
    () => [`${kernel}/memory/plant.ts`, `export function long() {\n${lines(69)}}`],
    () => [`${kernel}/memory/plant.ts`, `export class Long {\n  #work = async () => {\n${lines(69)}}\n}`],
    () => ['scripts/plant.mjs', `const long = { method() {\n${lines(69)}} }`],
  ],
  [
    exportsAreNamed,
    () => [`${kernel}/index.ts`, "export * from './keep.ts'"],
    () => [`${kernel}/index.ts`, "export * as words from './core/labels.ts'"],
  ],
  [
    namesSayOneThing,
    () => [`${kernel}/memory/utils.ts`, ''],
    () => ['packages/server/src/helpers/plant.ts', ''],
    () => [`${kernel}/keys/key-manager.ts`, ''],
    () => [`${kernel}/keys/KeyRecord.ts`, ''],
  ],
  [
    kernelNeedsOnlyPg,
    () => changed(manifest, '"dependencies": {', '"dependencies": {\n    "zod": "4.0.0",'),
    () =>
      changed(
        manifest,
        '"dependencies": {',
        '"optionalDependencies": { "cpu-features": "1.0.0" },\n  "dependencies": {',
      ),
    () => changed(manifest, '"peerDependencies": {', '"peerDependencies": {\n    "zod": "4.0.0",'),
  ],
  [
    versionsAreExact,
    () => changed('package.json', '"vitest": "', '"vitest": "^'),
    () => changed('packages/embedded/package.json', '"memkeep": "', '"memkeep": "0.0.'),
    () => changed(manifest, '"version": "', '"version": "9'),
    () => changed(manifest, '"@huggingface/transformers": "^', '"@huggingface/transformers": ">='),
  ],
  [
    dependenciesHaveReasons,
    () => changed('package.json', '"devDependencies": {', '"devDependencies": {\n    "left-pad": "1.0.0",'),
    () => ['docs/dependencies.md', `${tree.get('docs/dependencies.md')}| \`left-pad\` | for the look of it |\n`],
    () => changed('docs/dependencies.md', '| `pg` |', '| pg |'),
  ],
  [
    facesAreBuilt,
    () => changed(manifest, './dist/index.js', './dist/other.js'),
    () => changed(manifest, '"./src/trust.ts"', '"./src/plant.ts"'),
    () => changed(manifest, '"bin/memkeep.js"', '"bin/other.js"'),
  ],
]

describe.each(rules)('$rule', (rule, ...planted) => {
  test('holds', () => {
    expect(rule.broken(tree)).toEqual([])
  })

  test('turns red on each planted violation', () => {
    for (const plant of planted) {
      const [path, text] = plant()
      const before = rule.broken(tree)
      const after = rule.broken(new Map([...tree, [path, text]]))
      expect(after.filter((line) => !before.includes(line)).join(), `${path}\n${text.slice(0, 200)}`).not.toBe('')
    }
  })
})

describe(mostFilesAreShort.rule, () => {
  test('holds', () => {
    expect(mostFilesAreShort.broken(tree)).toEqual([])
  })

  test('turns red when most are long', () => {
    const longer = [...tree].map(([path, text]) => [path, path.startsWith(kernel) ? text + lines(120) : text] as const)
    expect(mostFilesAreShort.broken(new Map(longer))).toHaveLength(1)
  })
})

test('the tree is read whole, and cross-tenant doorways are known by their owner', () => {
  for (const member of ['memkeep', 'embedded', 'server']) {
    expect([...tree.keys()].filter((path) => path.startsWith(`packages/${member}/src/`)).length).toBeGreaterThan(0)
  }
  expect(crossTenantDoorways(tree)).toEqual(expect.arrayContaining(['due_shelves', 'list_tenants']))
})
