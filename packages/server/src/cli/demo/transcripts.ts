import { existsSync, readFileSync } from 'node:fs'
import type { MessageInput } from 'memkeep'

/** In a checkout the transcripts are the repository's examples; the published package carries a copy. */
const folder = ['../../../../../examples/data/', '../../../data/']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url))

export interface Person {
  readonly tenant: string
  readonly subject: string
}

export interface Question extends Person {
  readonly question: string
  /** A passage of the memory that answers it. */
  readonly expect: string
}

/** Whom the demo knows: two people of each of two companies. */
export const people: readonly Person[] = [
  { tenant: 'harborline', subject: 'ana' },
  { tenant: 'harborline', subject: 'bruno' },
  { tenant: 'stridewell', subject: 'chioma' },
  { tenant: 'stridewell', subject: 'dai' },
]

/** A person's conversation, from a file of JSON Lines in the OpenAI message shape. */
export function transcriptOf({ tenant, subject }: Person): MessageInput[] {
  return read(`${tenant}-${subject}.jsonl`)
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { role, content, at } = JSON.parse(line)
      return { role, content, at: new Date(at) }
    })
}

export function questions(): Question[] {
  return JSON.parse(read('questions.json'))
}

function read(file: string): string {
  if (folder === undefined) throw new Error('the example transcripts are not there')
  return readFileSync(new URL(file, folder), 'utf8')
}
