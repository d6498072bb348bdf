import { MemkeepError } from '../../core/errors.ts'
import type { Language, Languages } from '../languages.ts'
import { stopWords } from './stop-words.ts'

export interface SnowballOptions {
  /**
   * ISO 639-1 codes of the languages that texts are in; default `['en']`. With more than one, each text is looked at; where
   * that tells nothing it is taken for the first. `all`: any that there is a stemmer for, English where it tells nothing.
   */
  readonly languages?: readonly string[] | 'all'
}

/** Whether the stemmers stand where the kernel finds them. */
export async function snowballInstalled(): Promise<boolean> {
  try {
    await import('multilingual-stemmer')
    return true
  } catch {
    return false
  }
}

/**
 * The Snowball stemmers of 34 languages, compiled to WebAssembly, and lists of stop words. `language` knows all of them
 * whatever the options say, so that what was stored under other options is found. Throws `ERR_INPUT_INVALID` for a language
 * that there is no stemmer for, for an empty list, and when a package is not installed.
 */
export async function snowball(options: SnowballOptions = {}): Promise<Languages> {
  const { languages = ['en'] } = options
  const among = languages === 'all' ? ['en', ...known] : languages
  if (among.length === 0 || !among.every((code) => known.has(code))) {
    throw new MemkeepError('ERR_INPUT_INVALID', `languages must be some of: ${[...known].join(', ')}`)
  }
  const { createStemmer } = await installed('multilingual-stemmer', import('multilingual-stemmer'))
  const stops = await installed('@orama/stopwords', stopWords())
  const made = new Map<string, Language>()
  const language = (code: string): Language | null => {
    if (!known.has(code)) return null
    const found = made.get(code)
    if (found) return found
    const list = stops.get(code)
    const one: Language = { stem: createStemmer(code), isStopWord: (word) => list?.has(word) ?? false }
    made.set(code, one)
    return one
  }
  const languageOf = among.length > 1 ? await detection(among) : () => among[0]!
  return Object.freeze({ languageOf, language })
}

async function installed<T>(name: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading
  } catch (cause) {
    throw new MemkeepError('ERR_INPUT_INVALID', `stemming needs a package: npm install ${name}`, { cause })
  }
}

/** Letters that a text must have to be told by; and how much of it is looked at. */
const fewestLetters = 12
const mostUnits = 400

async function detection(among: readonly string[]): Promise<(text: string) => string> {
  const { eld } = await installed('eld', import('eld/extrasmall'))
  return (text) => {
    const part = text.slice(0, mostUnits)
    if ((part.match(/\p{L}/gu)?.length ?? 0) < fewestLetters) return among[0]!
    const found = eld.detect(part)
    return found.isReliable() && among.includes(found.language) ? found.language : among[0]!
  }
}

const known: ReadonlySet<string> = new Set(
  'ar hy eu ca cs da nl en eo et fi fr de el hi hu id ga it lt ne no fa pl pt ro ru sr st es sv ta tr yi'.split(' '),
)
