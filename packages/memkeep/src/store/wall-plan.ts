import { createHash } from 'node:crypto'
import { doorwayFiles, guardFiles, policiesText, type SqlFile } from './schema.ts'
import { formOf } from './sql-expression.ts'
import type { FunctionFacts, PolicyFacts } from './wall-facts.ts'

/** What the files of this build make: what stands in the catalogue must be the same, and nothing beside it. */
export interface WallPlan {
  readonly functions: readonly FunctionFacts[]
  /** Expressions in their one form (`formOf`). */
  readonly policies: readonly PolicyFacts[]
}

let plan: WallPlan | null = null

/** Read once: the files of a running program do not change. */
export function wallPlan(): WallPlan {
  plan ??= {
    functions: [...guardFiles(), ...doorwayFiles()].flatMap(functionsIn),
    policies: policiesIn(policiesText()),
  }
  return plan
}

/** SHA-256, as the catalogue's bodies are compared. */
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function functionsIn({ text, owner }: SqlFile): FunctionFacts[] {
  return text
    .split('create or replace function memkeep.')
    .slice(1)
    .map((rest) => {
      const asText = /^([\s\S]*?)\bas \$\$([\s\S]*?)\$\$/.exec(rest)
      const [, head, body] = asText ?? /^([\s\S]*?)\n(return [^;]*);/.exec(rest)!
      return {
        name: /^\w+/.exec(rest)![0],
        owner,
        language: /\blanguage (\w+)/.exec(head!)![1]!,
        definer: /\bsecurity definer\b/.test(head!),
        settings: head!
          .split(/\bset (?=\w+ = )/)
          .slice(1)
          .map((setting) => setting.trim().replace(' = ', '=')),
        body: asText === null ? formOf(body!.slice('return '.length)) : digestOf(body!),
      }
    })
}

const policyForm =
  /create policy (\w+) on memkeep\.(\w+)(?: for (\w+))?\s+to ([\w,\s]+?)(?:\s+using \(([\s\S]*?)\))?(?:\s+with check \(([\s\S]*?)\))?;/g

const commands: Readonly<Record<string, string>> = { select: 'r', insert: 'a', update: 'w', delete: 'd', all: '*' }

function policiesIn(text: string): PolicyFacts[] {
  return [...text.matchAll(policyForm)].map(([, name, table, command = 'all', roles, using, check]) => ({
    name: name!,
    table: table!,
    command: commands[command]!,
    permissive: true,
    roles: roles!.split(/,\s*/).sort(),
    using: using === undefined ? null : formOf(using),
    check: check === undefined ? null : formOf(check),
  }))
}
