import type { Json, StoredReceipt } from 'memkeep'
import { z } from 'zod'
import { moment } from './moment.ts'
import type { Operation } from './operation.ts'

/** Of no type here: the kernel judges it, and this parser would drop a key that the kernel keeps. */
export const metadata = z
  .unknown()
  .meta({ type: 'object', description: 'Any JSON object, at most 8 KiB.' }) as z.ZodType<{
  readonly [key: string]: Json
}>

/** What every new memory is told with, alone or in a batch. */
export const memoryFields = z.strictObject({
  content: z.string().describe('The memory itself, at most 32 KiB of text.'),
  actor: z
    .enum(['user', 'agent', 'system', 'tool'])
    .describe('Who said it: user (the person), agent (you concluded it), tool (a tool, a page, a document).'),
  tool: z
    .string()
    .describe('Which tool said it, for the actor tool: one that the server knows may be trusted more.')
    .exactOptional(),
  sensitivity: z.enum(['public', 'private', 'sensitive']).describe('Default private.').exactOptional(),
  kind: z.string().describe('A short label of yours, [a-z][a-z0-9_-]{0,31}; default note.').exactOptional(),
  tags: z.array(z.string()).describe('At most 32, of 128 characters.').exactOptional(),
  metadata: metadata.exactOptional(),
  source: z.string().describe('Where it came from, in your words.').exactOptional(),
  importance: z.number().describe('From 0 to 1; counts in searches that give importance a weight.').exactOptional(),
  derivedFrom: z.array(z.string()).describe('Ids of the memories it was made from.').exactOptional(),
  supersedes: z
    .string()
    .describe('Id of an older memory about the same thing, whose place it takes; refused where that is trusted more.')
    .exactOptional(),
  at: moment.describe('When what it tells of happened; default now.').exactOptional(),
  session: z.string().describe('The talk that it belongs to.').exactOptional(),
  expiresAt: moment.describe('Never returned from this moment on.').exactOptional(),
})

export const embed = z
  .enum(['now', 'later', 'now-or-later'])
  .describe(
    'When it gets its vector; until then it is found by its words. Default now: refused while the embedder is down.',
  )

const input = memoryFields.extend({ embed: embed.exactOptional() })

export const addMemory: Operation<typeof input, StoredReceipt> = {
  input,
  run: ({ writes }, { content, ...given }, options) => writes.add(content, { ...given, ...options }),
}
