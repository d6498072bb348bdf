import { MemkeepError } from 'memkeep'
import { z } from 'zod'
import { parseInput } from '../operations/parse-input.ts'
import { parseQuery } from './target.ts'

/** The query in the form of a schema: lists stand as often as needed, numbers are whole and written plainly. */
export function readQuery<Schema extends z.ZodObject>(query: string, schema: Schema): z.output<Schema> {
  const names = Object.keys(schema.shape)
  const lists = names.filter((name) => innerOf(schema.shape[name]) instanceof z.ZodArray)
  const fields: Record<string, unknown> = parseQuery(
    query,
    names.filter((name) => !lists.includes(name)),
    lists,
  )
  for (const name of names) {
    const value = fields[name]
    if (value === undefined) continue
    const inner = innerOf(schema.shape[name])
    if (inner instanceof z.ZodNumber) fields[name] = wholeNumber(name, value as string)
  }
  return parseInput(schema, fields)
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new MemkeepError('ERR_INPUT_INVALID', `${name} must be a whole number from 1`)
}

function innerOf(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional ? schema.unwrap() : schema
}
