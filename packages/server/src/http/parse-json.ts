import { MemkeepError } from 'memkeep'
import { namesScope, ScopeSmuggled } from '../operations/names-scope.ts'
import { type ReadJson, readJson } from '../read-json.ts'
import { Refusal } from './problem.ts'

/** A body that two readers can never disagree about, of so many values (`readJson`); what is refused and names a scope in a key is an attempt at one. */
export function parseJson(text: string, mostValues?: number): unknown {
  let attempt = false
  const sees = (key: string): void => {
    attempt ||= key === '__proto__' || namesScope(key)
  }
  const { value, wrong } = read(text, sees, mostValues)
  if (wrong !== null) throw attempt ? new ScopeSmuggled(wrong) : new MemkeepError('ERR_INPUT_INVALID', wrong)
  return value
}

function read(text: string, sees: (key: string) => void, mostValues?: number): ReadJson {
  try {
    return readJson(text, sees, mostValues)
  } catch {
    throw new Refusal(400, 'ERR_REQUEST_MALFORMED', 'the body is not JSON')
  }
}
