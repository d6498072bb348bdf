import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MemkeepError } from '../core/errors.ts'

/** The schema version that this code writes. It accepts this one and the one before it, so that deploys can roll. */
export const schemaVersion = 53

/** Roles without a login: they own tables, doorways and token keys. None is superuser, CREATEROLE or BYPASSRLS. */
export const ownerRoles = [
  'memkeep_owner',
  'memkeep_seal',
  'memkeep_door',
  'memkeep_wide_door',
  'memkeep_upkeep_door',
  'memkeep_erase_door',
  'memkeep_retain_door',
  'memkeep_label_door',
  'memkeep_derive_door',
] as const

export type OwnerRole = (typeof ownerRoles)[number]

/** Roles that log in. They hold EXECUTE on their doorways and nothing else. */
export const loginRoles = ['memkeep_app', 'memkeep_upkeep'] as const

export type LoginRole = (typeof loginRoles)[number]

/** One file of `sql/guards` or `sql/doorways`: its functions, who owns them and who may call them. */
export interface SqlFile {
  readonly name: string
  readonly owner: OwnerRole
  readonly callers: readonly string[]
  readonly text: string
}

const root = new URL('../../src/store/sql/', import.meta.url)

function readSql(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

function sqlFiles(folder: string): string[] {
  return readdirSync(fileURLToPath(new URL(folder, root)))
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => `${folder}/${file}`)
}

function parseFile(path: string): SqlFile {
  const text = readSql(path)
  const header = /^-- owner: (\S+)\n-- callers: (.+)\n/.exec(text)
  if (header === null) throw new Error(`${path} does not say its owner and callers`)
  return { name: path, owner: header[1] as OwnerRole, callers: header[2]!.split(' '), text }
}

/**
 * A file that names a twin makes its one function twice: the second under the twin's name and owner, whose row policies
 * are others. So a read of one subject and the same read of every subject cannot grow apart.
 */
function withTwin(file: SqlFile): SqlFile[] {
  const twin = /\n-- twin: (\S+) (\S+)\n/.exec(file.text)
  if (twin === null) return [file]
  const [name] = functionsOf(file)
  const text = file.text.replaceAll(`memkeep.${name}(`, `memkeep.${twin[1]}(`).replaceAll(`'${name}'`, `'${twin[1]}'`)
  return [file, { ...file, name: `${file.name} (${twin[1]})`, owner: twin[2] as OwnerRole, text }]
}

/** Numbered migrations, in order. */
export function tableFiles(): (SqlFile & { readonly number: number })[] {
  return sqlFiles('tables').map((path) => ({ ...parseFile(path), number: Number(/\/(\d+)-/.exec(path)![1]) }))
}

/** Functions that only doorways call. */
export const guardFiles = (): SqlFile[] => sqlFiles('guards').map(parseFile)

/** The doorways: what a login may call. */
export const doorwayFiles = (): SqlFile[] => sqlFiles('doorways').map(parseFile).flatMap(withTwin)

export const policiesText = (): string => readSql('policies.sql')

export const grantsText = (): string => readSql('grants.sql')

/** Names of the functions that a file makes. */
export function functionsOf(file: SqlFile): string[] {
  return [...file.text.matchAll(/create or replace function memkeep\.(\w+)/g)].map((match) => match[1]!)
}

/** Names of the doorways that a login may call: its EXECUTE set must be exactly this. */
export function doorwaysOf(login: LoginRole): string[] {
  return doorwayFiles()
    .filter((file) => file.callers.includes(login))
    .flatMap(functionsOf)
    .sort()
}

let digest: string | null = null

/** Digest of all that is re-applied whole: unchanged, and an installer leaves the database as it is. */
export function doorwaysDigest(): string {
  digest ??= digestOfFiles()
  return digest
}

/** Opening asks for it each time, and the files of a running program do not change. */
function digestOfFiles(): string {
  const hash = createHash('sha256')
  for (const file of [...guardFiles(), ...doorwayFiles()]) hash.update(file.text)
  return hash.update(policiesText()).update(grantsText()).digest('hex').slice(0, 32)
}

/** The schema's comment is where its version stands: every login can read it without a privilege on any table. */
export function parseSchemaNote(note: string | null): { version: number; digest: string } {
  const parsed = /^memkeep schema (\d+) doorways ([0-9a-f]{32})$/.exec(note ?? '')
  if (parsed === null) throw new MemkeepError('ERR_STORE_VERSION', 'schema memkeep exists but was not made by Memkeep')
  return { version: Number(parsed[1]), digest: parsed[2]! }
}
