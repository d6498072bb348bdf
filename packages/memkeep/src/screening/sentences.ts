const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** Titles and the like, after which a full stop ends no sentence. */
const abbreviation =
  /(?:^|[\s(])(?:dr|mr|mrs|ms|prof|st|no|nr|vs|e\.g|i\.e|z\.b|bzw|ca|approx|sr|sra|m|mme|inkl|usw)\.\s*$/iu

/** Nothing in it ends a sentence or a line, but at its end: the segmenter, which is slow, would find one sentence. */
const oneSentence = /^[\t\u0020\u0022-\u002d\u002f-\u003e\u0040-\u007e]+[.!?]?$/

/** A text cut at the ends of its sentences and lines. Put together they are the text, to the character. */
export function sentencesOf(text: string): string[] {
  if (oneSentence.test(text)) return [text]
  const sentences: string[] = []
  let open = false
  for (const { segment } of segmenter.segment(text)) {
    if (open) sentences[sentences.length - 1] += segment
    else sentences.push(segment)
    open = segment.length < 80 && abbreviation.test(segment.slice(-12))
  }
  return sentences
}
