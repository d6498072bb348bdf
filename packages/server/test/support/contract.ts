import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { openApiOf } from '../../src/http/openapi.ts'
import { routes } from '../../src/http/routes/routes.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document of JSON
export const document: any = openApiOf(routes, '0')

/** A CommonJS module, seen from here. */
const formats = ajvFormats as unknown as { default(ajv: Ajv2020): void }
const ajv = new Ajv2020({ strict: false })
formats.default(ajv)
ajv.addSchema(document, 'document')

/**
 * Throws unless the document knows such an answer to such a request. Requests that lead to no operation of it (another path but /mcp, which speaks its own protocol;
 * another method) may be answered with a problem only.
 */
export function holdsContract(method: string, target: string, status: number, type: string, text: string): void {
  const [path] = target.replace(/^https?:\/\/[^/]*/, '').split('?') as [string]
  const pattern = target.includes('#') ? undefined : Object.keys(document.paths).find((each) => matches(each, path))
  const operation = pattern === undefined ? undefined : document.paths[pattern][method.toLowerCase()]
  if (operation === undefined) {
    if (status < 400 && method !== 'HEAD' && path !== '/mcp')
      throw new Error(`${method} ${path} is not in the document and was ${status}`)
    return
  }
  const response = operation.responses[status]
  if (response === undefined)
    throw new Error(`${operation.operationId} answered ${status}, which is not in the document`)
  const plain = type.split(';')[0]!
  const content = response.content?.[plain === 'text/plain' ? plain : type]
  if (response.content === undefined ? text !== '' : content === undefined) {
    throw new Error(`${operation.operationId} answered ${status} with ${type}`)
  }
  if (content === undefined || plain === 'text/plain') return
  const bodies = type === 'application/x-ndjson' ? text.trim().split('\n') : [text]
  const place = `#/paths/${escaped(pattern!)}/${method.toLowerCase()}/responses/${status}/content/${escaped(type)}/schema`
  for (const body of bodies) {
    if (!ajv.validate({ $ref: `document${place}` }, JSON.parse(body))) {
      throw new Error(`${operation.operationId} ${status}: ${ajv.errorsText()}`)
    }
  }
}

function matches(pattern: string, path: string): boolean {
  const parts = path.split('/')
  return pattern
    .split('/')
    .every((part, index, all) => all.length === parts.length && (part.startsWith('{') || part === parts[index]))
}

function escaped(token: string): string {
  return encodeURIComponent(token.replaceAll('~', '~0').replaceAll('/', '~1'))
}
