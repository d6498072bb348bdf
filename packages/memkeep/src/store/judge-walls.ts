import { type Finding, fatal, note, some } from './finding.ts'
import { formOf } from './sql-expression.ts'
import type { WallFacts } from './wall-facts.ts'
import { type WallPlan, wallPlan } from './wall-plan.ts'

/** What of the walls is not as this build makes it, or stands beside it. */
export function judgeWalls(facts: WallFacts, plan: WallPlan = wallPlan()): Finding[] {
  const found: Finding[] = []
  const again = 'find out who altered it, then run `memkeep migrate --again`'
  const functions = facts.functions.map((each) => (isDigest(each.body) ? each : { ...each, body: returned(each.body) }))
  const altered = different(functions, plan.functions, ({ name }) => name)
  if (altered.length > 0) {
    const message = `functions of schema memkeep are not those of this build: ${some(altered)}`
    found.push(fatal('function-altered', message, again))
  }
  const form = formsOnce()
  const policies = facts.policies.map((each) => ({ ...each, using: form(each.using), check: form(each.check) }))
  const opened = different(policies, plan.policies, ({ table, name }) => `${table}.${name}`)
  if (opened.length > 0) {
    found.push(fatal('policy-altered', `row policies are not those of this build: ${some(opened)}`, again))
  }
  if (facts.hooks.length > 0) {
    const message = `triggers or rules that Memkeep did not make stand on its tables, or its own are off: ${some(facts.hooks)}`
    found.push(fatal('table-hook', message, 'drop trigger … or drop rule …; alter table … enable trigger all'))
  }
  if (facts.eventTriggers.length > 0) {
    const message = `code of somebody's runs when the schema is changed: event trigger ${some(facts.eventTriggers)}`
    found.push(note('event-trigger', message, 'know whose they are, and disable them while `memkeep migrate` runs'))
  }
  if (facts.publications.length > 0) {
    const message = `rows are published for copies elsewhere: ${some(facts.publications)}`
    found.push(
      note('rows-published', message, 'know who subscribes: an erasure must reach each copy; else drop publication …'),
    )
  }
  return found
}

/** Names of what is on one side alone, an overload of a known name too. */
function different<Part>(held: readonly Part[], wanted: readonly Part[], nameOf: (part: Part) => string): string[] {
  const surplus = new Map<string, { readonly name: string; count: number }>()
  const count = (part: Part, by: 1 | -1): void => {
    const text = JSON.stringify(part, Object.keys(part as object).sort())
    const known = surplus.get(text)
    if (known === undefined) surplus.set(text, { name: nameOf(part), count: by })
    else known.count += by
  }
  for (const part of held) count(part, 1)
  for (const part of wanted) count(part, -1)
  return [...new Set([...surplus.values()].filter(({ count }) => count !== 0).map(({ name }) => name))].sort()
}

/** Many policies share an expression: each is read once. */
function formsOnce(): (expression: string | null) => string | null {
  const forms = new Map<string, string>()
  return (expression) => {
    if (expression === null) return null
    const form = forms.get(expression) ?? formOf(expression)
    forms.set(expression, form)
    return form
  }
}

const isDigest = (body: string): boolean => /^[0-9a-f]{64}$/.test(body)

const returned = (body: string): string => formOf(body.replace(/^RETURN /, ''))
