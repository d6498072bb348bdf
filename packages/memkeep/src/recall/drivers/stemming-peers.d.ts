// What the Snowball driver uses of its optional peers, so that the kernel builds where these are not installed.

declare module 'multilingual-stemmer' {
  export function createStemmer(language: string): (word: string) => string
}

declare module 'eld/extrasmall' {
  export const eld: { detect(text: string): { readonly language: string; isReliable(): boolean } }
}

declare module '@orama/stopwords/*' {
  export const stopwords: readonly string[]
}
