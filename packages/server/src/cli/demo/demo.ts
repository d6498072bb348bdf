import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Keep } from 'memkeep'
import { agentScope, importScope, operatorGrant } from '../../authn/operator.ts'
import { openKeep } from '../../open-keep.ts'
import { attackAll } from './attacks.ts'
import { stage } from './stage.ts'
import { type Person, people, type Question, questions, transcriptOf } from './transcripts.ts'

/** `memkeep demo`: the main job on real conversations, then five attacks on it. Returns 1 when one of them got through. */
export async function demo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { data: { type: 'string', default: '.memkeep/demo' } } })
  const dir = resolve(values.data)
  const began = performance.now()
  stage.progress(`starting PostgreSQL 18 in ${join(dir, 'db')} ...`)
  const { keep, engine, says } = await openKeep({ kind: 'embedded', dir })
  await using _closing = keep
  for (const line of says) stage.progress(line)
  await importAll(keep)
  await recallAll(keep)
  await showNeighbours(keep)
  const victim = questions()[0]!
  const victimId = (await find(keep, victim, victim)).id
  stage.chapter('Five attacks, made just now')
  const attempts = await attackAll({ keep, engine: engine!, victimId, secret: victim.expect })
  for (const { attack, held, how } of attempts) (held ? stage.held : stage.broken)(attack, how)
  stage.chapter('Where it lies')
  stage.line(`database  ${join(dir, 'db')}    sealed: worth nothing without the keys`)
  stage.line(
    `keys      ${join(dir, 'keys')}  lose them and everything is lost; keep them apart from the database's backups`,
  )
  stage.line(`done in ${((performance.now() - began) / 1000).toFixed(1)} s; run it again and it opens what is there`)
  return attempts.every(({ held }) => held) ? 0 : 1
}

async function importAll(keep: Keep): Promise<void> {
  const { tenants } = keep.privileged(operatorGrant('memkeep demo'))
  stage.chapter('Two companies, two people each')
  for (const person of people) {
    await tenants.create(person.tenant)
    const memory = keep.for(importScope(person.tenant, person.subject))
    const turns = transcriptOf(person)
    const there = (await memory.list({ limit: 1, kinds: ['turn'] })).items.length > 0
    if (!there) {
      stage.progress(`importing ${person.tenant}/${person.subject} ...`)
      await memory.addMessages(turns, { session: 'demo-transcript' })
    }
    stage.line(
      `${person.tenant} / ${person.subject}: ${turns.length} turns of conversation${there ? ', there already' : ''}`,
    )
  }
}

async function recallAll(keep: Keep): Promise<void> {
  stage.chapter('Recall')
  for (const person of people) {
    const question = questions().find((each) => same(each, person))!
    const answer = await find(keep, person, question)
    stage.quote(`${person.subject}: ${question.question}`, answer.content, answer.actor)
  }
}

async function showNeighbours(keep: Keep): Promise<void> {
  stage.chapter('Every question, asked by everybody else')
  const owners = await ownersOf(keep)
  let asked = 0
  let foreign = 0
  for (const question of questions()) {
    for (const person of people.filter((each) => !same(each, question))) {
      const memory = keep.for(agentScope(person.tenant, person.subject))
      const { memories } = await memory.search(question.question, { limit: 100 })
      asked++
      foreign += memories.filter(({ id }) => owners.get(id) !== person).length
    }
  }
  stage.line(`${asked} searches by colleagues and by the other company: ${foreign} memories that were not their own`)
  if (foreign > 0) throw new Error("somebody saw another's memory")
}

/** Whose each memory is: everything that everybody has, page by page. */
async function ownersOf(keep: Keep): Promise<Map<string, Person>> {
  const owners = new Map<string, Person>()
  for (const person of people) {
    const memory = keep.for(agentScope(person.tenant, person.subject))
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await memory.list(cursor === undefined ? { limit: 100 } : { limit: 100, cursor })
      for (const { id } of page.items) owners.set(id, person)
      cursor = page.nextCursor
    }
  }
  return owners
}

async function find(keep: Keep, person: Person, question: Question) {
  const { memories } = await keep.for(agentScope(person.tenant, person.subject)).search(question.question, { limit: 5 })
  const answer = memories.find((memory) => memory.content.includes(question.expect))
  if (answer === undefined) throw new Error('a question of the demo was not answered')
  return answer
}

function same(a: Person, b: Person): boolean {
  return a.tenant === b.tenant && a.subject === b.subject
}
