import { z } from 'zod'

/** What operations answer, as JSON carries it: times are RFC 3339. For OpenAPI and MCP; more fields may come. */
const time = z.iso.datetime()
/** A time that somebody gave. Years beyond four digits, as JavaScript writes them, were taken once, and may stand there still. */
const givenTime = z.union([time, z.string().regex(/^[+-]\d{6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)])
const trust = z.enum(['external', 'user', 'agent', 'system'])

export const memoryAnswer = z.looseObject({
  id: z.string(),
  version: z.int(),
  content: z.string(),
  actor: z.enum(['user', 'agent', 'system', 'tool']),
  trust,
  sensitivity: z.enum(['public', 'private', 'sensitive']),
  kind: z.string(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.unknown()),
  source: z.string().nullable(),
  derivedFrom: z.array(z.string()),
  supersedes: z.string().nullable().describe('The memory that it took the place of.'),
  agent: z.string().nullable(),
  session: z.string().nullable(),
  speaker: z.string().nullable(),
  tool: z.string().nullable(),
  importance: z.number().nullable(),
  at: givenTime,
  createdAt: time,
  updatedAt: time,
  expiresAt: givenTime.nullable(),
  common: z.boolean().describe('True for a memory of the tenant as a whole.'),
  subject: z.string().nullable().describe('Whom it is about; set only in answers to a key that reads every subject.'),
  standsAbove: trust
    .optional()
    .describe(
      'There on one that was superseded by what is trusted less by now: found by searches above this line alone.',
    ),
})

export const foundMemoryAnswer = memoryAnswer.extend({
  score: z.number().describe('Higher is better; comparable within one answer only.'),
  flags: z.array(z.string()),
  explain: z.record(z.string(), z.number()).optional(),
})

export const receiptAnswer = z.looseObject({
  outcome: z.enum(['stored', 'queued', 'quarantined']),
  id: z.string(),
  version: z.int().optional(),
  trust: trust.optional(),
  durableUntil: givenTime.nullable().optional(),
  verdict: z.string(),
  duplicate: z.boolean().optional().describe('The same statement stands there already, under this id.'),
  supersedes: z.string().nullable().optional().describe('The memory that left recall for it.'),
})

export const receiptsAnswer = z.looseObject({ receipts: z.array(receiptAnswer) })

export const searchAnswer = z.looseObject({
  memories: z.array(foundMemoryAnswer),
  evidence: z.string().describe('The same as text for a prompt, quoted as data.'),
})

export const pageAnswer = z.looseObject({
  items: z.array(memoryAnswer),
  nextCursor: z.string().nullable().describe('Null on the last page.'),
})

export const heldAnswer = memoryAnswer.extend({
  heldAt: time,
  held: z
    .looseObject({
      moment: z.enum(['gate', 'recall']),
      verdict: z.string(),
      score: z.number(),
      reasons: z.array(z.looseObject({ rule: z.string() })),
    })
    .nullable()
    .describe('Why it is held; null when that cannot be opened any more.'),
})

export const heldPageAnswer = z.looseObject({
  items: z.array(heldAnswer),
  nextCursor: z.string().nullable().describe('Null on the last page.'),
})

export const versionsAnswer = z.looseObject({
  versions: z.array(memoryAnswer).describe('Newest first; then those of what it superseded.'),
})

export const deletedAnswer = z.looseObject({ deleted: z.boolean() })

export const exportRecord = z.union([
  memoryAnswer.extend({ type: z.literal('memory'), current: z.boolean() }),
  z.looseObject({
    type: z.literal('artifact'),
    id: z.string(),
    version: z.int(),
    kind: z.string(),
    content: z.string(),
    derivedFrom: z.array(z.string()),
  }),
  z.looseObject({
    type: z.literal('counts'),
    memories: z.int(),
    versions: z.int(),
    artifacts: z.int().optional().describe('Only where there are any.'),
  }),
])
