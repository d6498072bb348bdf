import { type Languages, MemkeepError } from 'memkeep'
import { snowball, snowballInstalled } from 'memkeep/languages/snowball'
import { expect, test } from 'vitest'
import { installedLanguages } from '../src/installed-languages.ts'

const languages: Languages = { languageOf: () => 'en', language: () => null }

const driver = (installed: boolean, whole = true) => ({
  asked: [] as unknown[],
  snowballInstalled: async () => installed,
  async snowball(options: unknown) {
    this.asked.push(options)
    if (!installed || !whole) throw new MemkeepError('ERR_INPUT_INVALID', 'stemming needs a package')
    return languages
  },
})

test.each<[string, boolean, boolean, string | undefined, Languages | null, RegExp]>([
  ['what is installed is taken', true, true, undefined, languages, /stems \(English\)/],
  ['an empty wish is none', true, true, '', languages, /English/],
  ['half of the packages are as none', true, false, undefined, null, /as they stand; .*npm install/],
  ['without them words stand as they are, with the way out of it', false, false, undefined, null, /npm install/],
  ['none is none, whatever is installed', true, true, 'none', null, /MEMKEEP_LANGUAGES=none/],
  ['a wish is granted', true, true, 'en,de', languages, /MEMKEEP_LANGUAGES=en,de/],
])('%s', async (_, installed, whole, wish, wanted, says) => {
  const chosen = await installedLanguages(
    driver(installed, whole),
    wish === undefined ? {} : { MEMKEEP_LANGUAGES: wish },
  )
  expect(chosen.languages).toBe(wanted)
  expect(chosen.says).toMatch(says)
})

test('a wish is passed on as it is, and refused where it cannot be had', async () => {
  const asked = driver(true)
  await installedLanguages(asked, { MEMKEEP_LANGUAGES: 'de,en' })
  await installedLanguages(asked, { MEMKEEP_LANGUAGES: 'all' })
  expect(asked.asked).toEqual([{ languages: ['de', 'en'] }, { languages: 'all' }])
  const refused = expect.objectContaining({
    code: 'ERR_INPUT_INVALID',
    message: expect.stringMatching(/^MEMKEEP_LANGUAGES \(none, all, or codes such as en,de\): /),
  })
  await expect(installedLanguages(driver(false), { MEMKEEP_LANGUAGES: 'en' })).rejects.toThrow(refused)
  const real = { snowball, snowballInstalled }
  await expect(installedLanguages(real, { MEMKEEP_LANGUAGES: 'en, de' })).rejects.toThrow(refused)
  expect((await installedLanguages(real, { MEMKEEP_LANGUAGES: 'de' })).languages?.languageOf('Haus')).toBe('de')
})
