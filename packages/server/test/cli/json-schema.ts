type Schema = { readonly [keyword: string]: unknown }

/**
 * Where `value` breaks a JSON Schema, as paths; empty when it does not. Knows the keywords that our schema uses and throws for
 * any other, so that none is passed over.
 */
export function violations(root: Schema, value: unknown, schema: Schema = root, path = '$'): string[] {
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    const check = keywords[keyword]
    if (check === undefined) throw new Error(`unknown keyword ${keyword}`)
    return check({ root, value, wanted, schema, path })
  })
}

interface Check {
  readonly root: Schema
  readonly value: unknown
  readonly wanted: unknown
  readonly schema: Schema
  readonly path: string
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const none = (): string[] => []
const fails = (bad: boolean, path: string, why: unknown): string[] => (bad ? [`${path}: not ${String(why)}`] : [])

function isOf(type: unknown, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'string' || type === 'boolean' || type === 'number') return typeof value === type
  throw new Error(`unknown type ${type}`)
}

const keywords: Readonly<Record<string, (check: Check) => string[]>> = {
  $schema: none,
  title: none,
  description: none,
  $defs: none,
  type: ({ value, wanted, path }) => fails(![wanted].flat().some((type) => isOf(type, value)), path, wanted),
  const: ({ value, wanted, path }) => fails(value !== wanted, path, wanted),
  enum: ({ value, wanted, path }) => fails(!(wanted as unknown[]).includes(value), path, wanted),
  pattern: ({ value, wanted, path }) =>
    fails(typeof value === 'string' && !new RegExp(wanted as string, 'u').test(value), path, wanted),
  minLength: ({ value, wanted, path }) =>
    fails(typeof value === 'string' && [...value].length < Number(wanted), path, wanted),
  minimum: ({ value, wanted, path }) => fails(typeof value === 'number' && value < Number(wanted), path, wanted),
  maximum: ({ value, wanted, path }) => fails(typeof value === 'number' && value > Number(wanted), path, wanted),
  required: ({ value, wanted, path }) =>
    (wanted as string[]).flatMap((name) =>
      fails(isObject(value) && !Object.hasOwn(value, name), `${path}.${name}`, 'there'),
    ),
  additionalProperties: ({ value, schema, path }) =>
    Object.keys(isObject(value) ? value : {}).flatMap((name) =>
      fails(!Object.hasOwn(schema.properties as object, name), `${path}.${name}`, 'known'),
    ),
  properties: ({ root, value, wanted, path }) =>
    Object.entries(wanted as Record<string, Schema>).flatMap(([name, each]) =>
      isObject(value) && Object.hasOwn(value, name) ? violations(root, value[name], each, `${path}.${name}`) : [],
    ),
  items: ({ root, value, wanted, path }) =>
    (Array.isArray(value) ? value : []).flatMap((item, n) => violations(root, item, wanted as Schema, `${path}[${n}]`)),
  oneOf({ root, value, wanted, path }) {
    const found = (wanted as Schema[]).map((each) => violations(root, value, each, path))
    return found.filter((each) => each.length === 0).length === 1
      ? []
      : [`${path}: not exactly one of these`, ...found.flat()]
  },
  $ref({ root, value, wanted, path }) {
    const name = String(wanted).replace('#/$defs/', '')
    return violations(root, value, (root.$defs as Record<string, Schema>)[name]!, path)
  },
}
