/** Of each concept the phrases that mean it, parted by commas; `*` at the end of a word stands for any ending. */
export interface Lexicon {
  readonly [concept: string]: string
}
