/** Whoever read the output has gone: there is nobody left to tell. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

// A failed write is told to whoever awaits it; without a listener it would end the process a second time.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

/** Writes to stdout and waits until it was taken. Rejects with `OutputClosed` when the reader has gone. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(new OutputClosed('stdout is closed')) : resolve()))
  })
}

/** One JSON value on a line. Parsed, it is exactly `value`; printed, no character of it can steer a terminal. */
export function printJson(value: unknown): Promise<void> {
  return print(`${jsonLine(value)}\n`)
}

export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(steering, escaped)
}

/** To stderr, so that a pipe gets results only. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Text from outside as a person may look at it: what would steer the terminal, or turn the line around, is spelt out. */
export function shown(text: string): string {
  return text.replaceAll('\n', ' ').replace(steering, escaped)
}

/** A text as one word of a POSIX shell, for lines that are pasted into one. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
