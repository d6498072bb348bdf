export interface Peeked {
  /** What readable text came out of encoded runs, in order. */
  readonly decoded: readonly string[]
  /** The text with escapes that stand for characters replaced by them. */
  readonly text: string
  /** Encoded runs that gave no text: keys, hashes, ciphertext. */
  readonly blobs: number
}

/** Shorter runs are words and numbers. */
const shortestRun = 16
const longestWord = 40

const base64Run = /[A-Za-z0-9+/_-]{16,}={0,2}/g
const escapes = /\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\u\{[0-9a-f]{1,6}\}|%[0-9a-f]{2}|&#x[0-9a-f]{1,6};|&#[0-9]{1,7};/gi
const percentRun = /(?:%[0-9a-f]{2})+/gi
const anyEscape = /\\x|\\u|%[0-9a-f]{2}|&#/i
const spacedHex = /(?:\b[0-9a-f]{2}[ ,:]){7,}[0-9a-f]{2}\b/gi

/** Looks once into what is written in base64, hexadecimal or escapes. Never longer than the text. */
export function peek(text: string): Peeked {
  const unescaped = anyEscape.test(text) ? withoutEscapes(text) : text
  const decoded: string[] = []
  let blobs = 0
  for (const [run] of unescaped.matchAll(base64Run)) {
    const inside = decodedRun(run)
    if (inside !== null) decoded.push(inside)
    else if (looksRandom(run)) blobs++
  }
  for (const [run] of unescaped.matchAll(spacedHex)) {
    const inside = readable(Buffer.from(run.replace(/[ ,:]/g, ''), 'hex'))
    if (inside !== null) decoded.push(inside)
  }
  return { decoded, text: unescaped, blobs }
}

/** Fewer escapes than four are a URL with a space in it, or a quotation mark. */
const fewestEscapes = 4

function withoutEscapes(text: string): string {
  if ((text.match(escapes)?.length ?? 0) < fewestEscapes) return text
  const bytes = text.replace(percentRun, (run) => {
    const inside = Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8')
    return inside.includes('\ufffd') ? run : inside
  })
  return bytes.replace(escapes, (written) => {
    const base = /^&#\d/.test(written) ? 10 : 16
    const code = Number.parseInt(written.replace(/^(?:\\x|\\u\{?|%|&#x?)/i, ''), base)
    return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? ' ' : String.fromCodePoint(code)
  })
}

function decodedRun(run: string): string | null {
  if (/^[0-9a-f]+$/i.test(run) && run.length % 2 === 0) {
    const inside = readable(Buffer.from(run, 'hex'))
    if (inside !== null) return inside
  }
  // Lower case alone is a long word or a path; what base64 makes of a text has both cases.
  if (!/[a-z]/.test(run) || !/[A-Z]/.test(run)) return null
  return readable(Buffer.from(run, 'base64'))
}

/** What may be an encoding again. */
const oneRun = /^[A-Za-z0-9+/_-]{16,}={0,2}$/

/** UTF-8 that could be somebody's words; null for anything else. */
function readable(bytes: Buffer): string | null {
  if (bytes.length < shortestRun / 2) return null
  const text = bytes.toString('utf8')
  if (text.includes('\ufffd') || /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text)) return null
  if (oneRun.test(text)) return text
  const letters = text.match(/[\p{L}\s]/gu)?.length ?? 0
  return letters * 4 >= text.length * 3 ? text : null
}

/** Upper and lower case and digits in one run, or hexadecimal longer than any word: not somebody's words. */
function looksRandom(run: string): boolean {
  if (/^[0-9a-f-]+$/i.test(run)) return /\d/.test(run) && run.length > 2 * shortestRun
  return run.length > longestWord && /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)
}
