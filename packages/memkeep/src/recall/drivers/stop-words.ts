/** Stop words by ISO 639-1 code, of the stemmed languages that there is a list for. Parts of a word with an apostrophe stand alone. */
export async function stopWords(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const lists = await Promise.all(Object.entries(loaders).map(async ([code, load]) => [code, await load()] as const))
  return new Map(
    lists.map(([code, { stopwords }]) => [
      code,
      new Set(stopwords.flatMap((word) => word.toLowerCase().split(/['’]/))),
    ]),
  )
}

/** Named one by one: the kernel loads nothing by a name that is put together. */
const loaders: Readonly<Record<string, () => Promise<{ readonly stopwords: readonly string[] }>>> = {
  ar: () => import('@orama/stopwords/arabic'),
  da: () => import('@orama/stopwords/danish'),
  de: () => import('@orama/stopwords/german'),
  el: () => import('@orama/stopwords/greek'),
  en: () => import('@orama/stopwords/english'),
  es: () => import('@orama/stopwords/spanish'),
  fi: () => import('@orama/stopwords/finnish'),
  fr: () => import('@orama/stopwords/french'),
  ga: () => import('@orama/stopwords/irish'),
  hi: () => import('@orama/stopwords/indian'),
  hu: () => import('@orama/stopwords/hungarian'),
  hy: () => import('@orama/stopwords/armenian'),
  id: () => import('@orama/stopwords/indonesian'),
  it: () => import('@orama/stopwords/italian'),
  lt: () => import('@orama/stopwords/lithuanian'),
  ne: () => import('@orama/stopwords/nepali'),
  nl: () => import('@orama/stopwords/dutch'),
  no: () => import('@orama/stopwords/norwegian'),
  pt: () => import('@orama/stopwords/portuguese'),
  ro: () => import('@orama/stopwords/romanian'),
  ru: () => import('@orama/stopwords/russian'),
  sr: () => import('@orama/stopwords/serbian'),
  sv: () => import('@orama/stopwords/swedish'),
  ta: () => import('@orama/stopwords/tamil'),
  tr: () => import('@orama/stopwords/turkish'),
}
