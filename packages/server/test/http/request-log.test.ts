import { expect, test } from 'vitest'
import { framesOf } from '../../src/http/request-log.ts'

test('the log tells where a fault was and never its message, whatever that looks like', () => {
  for (const message of ['Ana lives at 12 Elm Street', 'Ana lives\n    at 12 Elm Street\n    at all times']) {
    const frames = framesOf(new TypeError(message))
    expect(frames[0]).toMatch(/^at .*request-log\.test\.ts/)
    expect(frames.join('\n')).not.toMatch(/Ana|Elm|all times/)
  }
  expect(framesOf('Ana lives\n    at 12 Elm Street')).toEqual([])
})
