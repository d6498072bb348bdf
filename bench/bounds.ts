// What a bench holds its figures against. Said on stderr, beside the table; the run goes on to its end all the same.

/** A promise: the run ends with 1 where it is broken. */
export function expectAtLeast(what: string, measured: number, bound: number): void {
  if (!(measured >= bound)) broken(`broken: ${what}: ${shown(measured)} is below ${bound}`)
}

/** As `expectAtLeast`, from above. */
export function expectAtMost(what: string, measured: number, bound: number): void {
  if (!(measured <= bound)) broken(`broken: ${what}: ${shown(measured)} is above ${bound}`)
}

/** What is wanted and not promised: where it is not reached that is said, and no more. */
export function aimAtLeast(what: string, measured: number, aim: number): void {
  if (!(measured >= aim)) console.error(`not reached: ${what}: ${shown(measured)} is below the aim of ${aim}`)
}

function broken(sentence: string): void {
  console.error(sentence)
  process.exitCode = 1
}

function shown(measured: number): string {
  return measured.toFixed(measured < 10 ? 3 : 0)
}
