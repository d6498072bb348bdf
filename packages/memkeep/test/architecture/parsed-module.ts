import { parseSync } from 'vite'
import type { SourceTree } from './source-tree.ts'

/** One arrow to another module: `import`, `export … from`, `import()`, a type's `import('…')` or `require`. */
export interface Import {
  /** As written; null when it is computed. */
  readonly from: string | null
  /** Names taken, by their names over there; `*` for all of them at once. */
  readonly names: readonly string[]
  readonly typeOnly: boolean
}

export interface MeasuredFunction {
  readonly line: number
  readonly lines: number
}

export interface ParsedModule {
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
  /** Names of the values and types it declares and exports itself. */
  readonly exports: readonly string[]
  readonly exportsAll: boolean
  /** Every string literal and every literal part of a template. */
  readonly strings: readonly string[]
  /** Names of the methods that it calls: `query` for `client.query(…)`. */
  readonly methodCalls: readonly string[]
  readonly functions: readonly MeasuredFunction[]
}

/** A node of the syntax tree; what a field holds depends on `type`. */
type Node = Readonly<Record<string, unknown>> & { readonly type: string; readonly start: number; readonly end: number }

type Found = { -readonly [Key in 'imports' | 'exports' | 'strings' | 'methodCalls']: ParsedModule[Key][number][] } & {
  exportsAll: boolean
  functions: Node[]
}

const parsed = new Map<string, ParsedModule>()

/** Every TypeScript and JavaScript module of the tree whose path passes. */
export function modulesOf(tree: SourceTree, passes: (path: string) => boolean): ParsedModule[] {
  return [...tree]
    .filter(([path]) => /\.(ts|mjs|js)$/.test(path) && !path.includes('/dist/') && passes(path))
    .map(([path, text]) => parseModule(path, text))
}

/** Throws when the text is not a module. */
export function parseModule(path: string, text: string): ParsedModule {
  const key = `${path}\n${text}`
  const known = parsed.get(key)
  if (known !== undefined) return known
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  const found: Found = { imports: [], exports: [], strings: [], methodCalls: [], functions: [], exportsAll: false }
  visit(program as unknown as Node, found)
  const functions = found.functions.map(({ start, end }) => ({
    line: lineAt(text, start),
    lines: lineAt(text, end) - lineAt(text, start) + 1,
  }))
  const module = { path, text, ...found, functions }
  parsed.set(key, module)
  return module
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function visit(node: Node, found: Found): void {
  look(node, found)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, found)
  }
}

function look(node: Node, found: Found): void {
  const read = readers[node.type]
  if (read !== undefined) read(node, found)
}

const readers: Readonly<Record<string, (node: Node, found: Found) => void>> = {
  ImportDeclaration: (node, found) => {
    const specifiers = node.specifiers as Node[]
    const typeOnly =
      node.importKind === 'type' || (specifiers.length > 0 && specifiers.every((each) => each.importKind === 'type'))
    found.imports.push({ from: literal(node.source), names: specifiers.map(importedName), typeOnly })
  },
  ExportNamedDeclaration: (node, found) => {
    const specifiers = node.specifiers as Node[]
    if (isNode(node.source)) {
      const names = specifiers.map((each) => nameOf(each.local))
      found.imports.push({ from: literal(node.source), names, typeOnly: node.exportKind === 'type' })
    }
    found.exports.push(...specifiers.map((each) => nameOf(each.exported)), ...declaredNames(node.declaration))
  },
  ExportAllDeclaration: (node, found) => {
    found.exportsAll = true
    found.imports.push({ from: literal(node.source), names: ['*'], typeOnly: node.exportKind === 'type' })
  },
  ImportExpression: (node, found) => {
    found.imports.push({ from: literal(node.source), names: ['*'], typeOnly: false })
  },
  TSImportType: (node, found) => {
    found.imports.push({ from: literal(node.source), names: ['*'], typeOnly: true })
  },
  CallExpression: (node, found) => {
    const callee = node.callee as Node
    if (callee.type === 'Identifier' && callee.name === 'require') {
      found.imports.push({ from: literal((node.arguments as unknown[])[0]), names: ['*'], typeOnly: false })
    }
    if (callee.type === 'MemberExpression') found.methodCalls.push(nameOf(callee.property))
  },
  Literal: (node, found) => {
    if (typeof node.value === 'string') found.strings.push(node.value)
  },
  TemplateElement: (node, found) => {
    found.strings.push((node.value as { raw: string }).raw)
  },
  FunctionDeclaration: (node, found) => found.functions.push(node),
  FunctionExpression: (node, found) => found.functions.push(node),
  ArrowFunctionExpression: (node, found) => found.functions.push(node),
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

/** The text of a string, also of a template without places; null for whatever is computed. */
function literal(value: unknown): string | null {
  if (!isNode(value)) return null
  if (value.type === 'Literal') return String(value.value)
  if (value.type !== 'TemplateLiteral' || (value.expressions as unknown[]).length > 0) return null
  return (value.quasis as { value: { cooked: string } }[])[0]!.value.cooked
}

function importedName(specifier: Node): string {
  if (specifier.type === 'ImportNamespaceSpecifier') return '*'
  return specifier.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(specifier.imported)
}

/** Of an identifier, a private name or a string. */
function nameOf(node: unknown): string {
  const { name, value } = node as { name?: string; value?: unknown }
  return name ?? String(value)
}

function declaredNames(declaration: unknown): string[] {
  if (!isNode(declaration)) return []
  if (declaration.type !== 'VariableDeclaration') return isNode(declaration.id) ? [nameOf(declaration.id)] : []
  return (declaration.declarations as Node[]).filter((each) => isNode(each.id)).map((each) => nameOf(each.id))
}
