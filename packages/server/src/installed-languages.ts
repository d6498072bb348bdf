import { type Languages, MemkeepError } from 'memkeep'

/** What `memkeep/languages/snowball` exports; handed in by the composition root, which alone may name a driver. */
export interface SnowballDriver {
  snowballInstalled(): Promise<boolean>
  snowball(options: { readonly languages: readonly string[] | 'all' }): Promise<Languages>
}

export interface InstalledLanguages {
  /** Null: words are taken as they stand. */
  readonly languages: Languages | null
  /** One line for whoever starts the program. */
  readonly says: string
}

/**
 * The stems that server, demo and command line take by themselves: English ones when the packages are installed, else none.
 * MEMKEEP_LANGUAGES is `none`, `all`, or codes such as `en,de`. Throws `ERR_INPUT_INVALID` for a language that there are no
 * stems for, and for a wish that cannot be granted because a package is not installed.
 */
export async function installedLanguages(driver: SnowballDriver, env: NodeJS.ProcessEnv): Promise<InstalledLanguages> {
  const wish = env.MEMKEEP_LANGUAGES ?? ''
  if (wish === 'none') return { languages: null, says: 'Words are taken as they stand (MEMKEEP_LANGUAGES=none).' }
  if (wish !== '') {
    const languages = await wished(driver, wish)
    return { languages, says: `Words are found by their stems (MEMKEEP_LANGUAGES=${wish}).` }
  }
  if (!(await driver.snowballInstalled())) return asTheyStand
  try {
    return {
      languages: await driver.snowball({ languages: ['en'] }),
      says: 'Words are found by their stems (English).',
    }
  } catch (error) {
    // The stemmers without the stop words.
    if (error instanceof MemkeepError && error.code === 'ERR_INPUT_INVALID') return asTheyStand
    throw error
  }
}

async function wished(driver: SnowballDriver, wish: string): Promise<Languages> {
  try {
    return await driver.snowball({ languages: wish === 'all' ? 'all' : wish.split(',') })
  } catch (cause) {
    if (!(cause instanceof MemkeepError)) throw cause
    throw new MemkeepError(cause.code, `MEMKEEP_LANGUAGES (none, all, or codes such as en,de): ${cause.message}`, {
      cause,
    })
  }
}

const asTheyStand: InstalledLanguages = Object.freeze({
  languages: null,
  says: 'Words are taken as they stand; by their stems after: npm install multilingual-stemmer@2.1.1 @orama/stopwords@3.1.18 eld@2.1.0',
})
