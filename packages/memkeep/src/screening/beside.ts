import type { Json } from '../core/memory.ts'

/** What stands beside the content of a memory, and is shown with it to whoever takes a memory whole. */
export interface Beside {
  readonly tags?: readonly string[] | undefined
  readonly metadata?: { readonly [key: string]: Json } | undefined
  readonly source?: string | null | undefined
}

/**
 * Its words, to be screened: those of its tags, texts and source, a line each, and apart from them the names that its metadata has. Together a name and its
 * text would read as a sentence that nobody wrote: `email`, and an address. None are left out.
 */
export function wordsBeside({ tags = [], metadata = {}, source = null }: Beside): string[] {
  const [names, texts]: [string[], string[]] = [[], [...tags]]
  const collect = (value: Json): void => {
    if (typeof value === 'string') texts.push(value)
    else if (typeof value !== 'object' || value === null) return
    else if (Array.isArray(value)) value.forEach(collect)
    else {
      for (const [name, each] of Object.entries(value)) {
        names.push(name)
        collect(each)
      }
    }
  }
  collect(metadata)
  if (source !== null) texts.push(source)
  return [texts.join('\n'), names.join('\n')].filter((words) => words !== '')
}
