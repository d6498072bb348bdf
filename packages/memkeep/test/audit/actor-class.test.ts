import { expect, test } from 'vitest'
import { actorClass } from '../../src/audit/actor-class.ts'
import { type EventRow, isLeafOf, leafOf } from '../../src/audit/logged-event.ts'
import { encodeLeaf } from '../../src/proof/ledger-leaf.ts'
import { doorwayFiles } from '../../src/store/schema.ts'

/** Which doorways a principal of a tenant, or nobody, has any part in: they are called by the kernel for itself, or under a grant. */
const byNoPrincipal = {
  upkeep: [
    'archive_reads',
    'distil',
    'empty_reads',
    'contributed',
    'settle_entry',
    'forget_erasure',
    'name_erasure',
    'sweep',
    'thin_checkpoints',
  ],
  kernel: ['open_keep', 'hold_keys', 'guard_head', 'repeat_erasure', 'find_key'],
  operator: [
    'rotating',
    'retry_entry',
    'publish',
    'create_tenant',
    'set_policy',
    'aggregate',
    'reopen_scope',
    'begin_line',
    'place_hold',
  ],
} as const

test.each(Object.entries(byNoPrincipal))('what %s does is said to be done by it', (by, doorways) => {
  for (const doorway of doorways) {
    const { text } = doorwayFiles().find((file) => file.text.includes(`function memkeep.${doorway}(`))!
    const actions = [...text.matchAll(/memkeep\.record\(c, ([^,]*)/g)].flatMap(([, what]) =>
      [...what!.matchAll(/'([a-z]+\.[a-z.-]+)'/g)].map(([, action]) => action!),
    )
    expect(actions.length, doorway).toBeGreaterThan(0)
    for (const action of actions) expect([doorway, action, actorClass(action)]).toEqual([doorway, action, by])
  }
})

test('of what several do the details say who', () => {
  expect(actorClass('memory.export')).toBe('principal')
  expect(actorClass('memory.export', 'kernel')).toBe('kernel')
  expect(actorClass('support.read', 'kernel')).toBe('kernel')
  expect(actorClass('erasure.requested', 'operator')).toBe('operator')
  // Under a grant too, and for nobody but support.
  expect(actorClass('support.read', 'operator')).toBe('support')
  expect(actorClass('upkeep.due', 'kernel')).toBe('upkeep')
})

test('a leaf in which an earlier build said another class is of its event', () => {
  const tag = Buffer.alloc(16, 7)
  const row: EventRow = {
    ...{ id: '01900000-0000-7000-8000-000000000001', action: 'audit.archive', outcome: 'ok', reach: 2, subject: null },
    ...{ principal: tag, at_ms: 1_763_700_000_000, memories: [], affected: 0, detail: Buffer.alloc(0) },
  }
  const leaf = leafOf(row, 5, 'ab'.repeat(32), null)
  expect(leaf.actorClass).toBe('upkeep')
  expect(isLeafOf(row, encodeLeaf({ ...leaf, actorClass: 'principal' }), leaf.commit, null)).toBe(true)
  expect(isLeafOf(row, encodeLeaf({ ...leaf, op: 'audit.prune' }), leaf.commit, null)).toBe(false)
})
