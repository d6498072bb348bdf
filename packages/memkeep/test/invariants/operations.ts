import fc from 'fast-check'
import type { Sensitivity } from '../../src/index.ts'

/** Those whose answers are compared: two subjects of tenant A and its common memories. */
export const observers = ['ana', 'bob', 'common'] as const
/** Those who do one thing in the first run and another in the second. */
export const neighbours = ['B ana', 'B common', 'A zoe'] as const

export type Verb =
  | {
      readonly verb: 'add'
      readonly words: string
      readonly sensitivity: Sensitivity
      readonly tag: string
      readonly lifeMs: number
    }
  | { readonly verb: 'again'; readonly words: string; readonly key: string }
  | { readonly verb: 'batch'; readonly words: readonly string[] }
  | { readonly verb: 'derive'; readonly words: string; readonly from: number }
  | { readonly verb: 'search'; readonly words: string; readonly limit: number }
  | { readonly verb: 'list'; readonly limit: number }
  | { readonly verb: 'get' | 'history' | 'delete'; readonly id: number }
  | { readonly verb: 'update'; readonly id: number; readonly words: string; readonly sensitivity: Sensitivity | null }
  | { readonly verb: 'deleteMany'; readonly tag: string | null }

/** One call. `id` and `from` count back among the ids of the run; negative ones are ids of the other side. */
export type Operation<Who extends string> = Verb & { readonly who: Who; readonly role: 'agent' | 'admin' }

export interface Sequence {
  readonly calls: readonly Operation<(typeof observers)[number]>[]
  /** What the neighbours do before each call, in either run. */
  readonly beside: readonly [readonly Beside[], readonly Beside[]]
}
export interface Beside {
  readonly before: number
  readonly call: Operation<(typeof neighbours)[number]>
}

const words = fc
  .array(fc.constantFrom('tea', 'seat', 'porto', 'code', 'cat'), { minLength: 1, maxLength: 3 })
  .map((several) => several.join(' '))
const sensitivity = fc.constantFrom<Sensitivity>('public', 'private', 'private', 'sensitive')
const tag = fc.constantFrom('x', 'y')
const id = fc.integer({ min: -3, max: 4 })

const verb: fc.Arbitrary<Verb> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      verb: fc.constant('add' as const),
      words,
      sensitivity,
      tag,
      lifeMs: fc.constantFrom(0, 0, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('again' as const), words, key: fc.constantFrom('k', 'l') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constant('batch' as const),
      words: fc.array(words, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('derive' as const), words, from: id }) },
  { weight: 5, arbitrary: fc.record({ verb: fc.constant('search' as const), words, limit: fc.constantFrom(1, 10) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('list' as const), limit: fc.constantFrom(1, 10) }) },
  {
    weight: 2,
    arbitrary: fc.record({ verb: fc.constantFrom('get' as const, 'history' as const, 'delete' as const), id }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ verb: fc.constant('update' as const), id, words, sensitivity: fc.option(sensitivity) }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('deleteMany' as const), tag: fc.option(tag) }) },
)

function operation<Who extends string>(who: readonly Who[]): fc.Arbitrary<Operation<Who>> {
  return fc
    .tuple(verb, fc.constantFrom(...who), fc.constantFrom('agent' as const, 'admin' as const))
    .map(([call, whose, role]) => ({ ...call, who: whose, role }))
}

const beside = fc.array(fc.record({ before: fc.integer({ min: 0, max: 4 }), call: operation(neighbours) }), {
  maxLength: 3,
})

/** Short ones: an interference shows in few calls, and many short sequences are more than few long ones. */
export const sequences: fc.Arbitrary<Sequence> = fc.record({
  calls: fc.array(operation(observers), { minLength: 1, maxLength: 5 }),
  beside: fc.tuple(beside, beside),
})
