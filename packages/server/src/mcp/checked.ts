import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { parseInput } from '../operations/parse-input.ts'
import { type NoteFault, told } from './told.ts'

/** A tool's input for the protocol's library, judged as every other door judges it: by itself it would look for each fault and tell of all, in text longer than the call. */
export function checked<Input extends z.ZodObject>(input: Input, note: NoteFault): StandardSchemaWithJSON {
  const validate = (value: unknown) => {
    try {
      return { value: parseInput(input, value) }
    } catch (error) {
      return { issues: [{ message: told(error, note) }] }
    }
  }
  const { jsonSchema } = input['~standard']
  return { '~standard': { version: 1, vendor: 'memkeep', jsonSchema, validate } }
}
