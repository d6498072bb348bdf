import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout })

/** What the demo says. Results go to stdout; progress to stderr, so that a pipe gets results only. */
export const stage = Object.freeze({
  chapter(title: string): void {
    process.stdout.write(`\n${paint('bold', title)}\n`)
  },
  line(text: string): void {
    process.stdout.write(`  ${text}\n`)
  },
  quote(question: string, answer: string, by: string): void {
    process.stdout.write(`  ${paint('cyan', question)}\n    ${by}: ${shortened(answer)}\n`)
  },
  held(attack: string, how: string): void {
    process.stdout.write(`  ${paint('green', 'held')}  ${attack}\n        ${how}\n`)
  },
  broken(attack: string, how: string): void {
    process.stdout.write(`  ${paint('red', 'BROKEN')}  ${attack}\n        ${how}\n`)
  },
  progress(text: string): void {
    process.stderr.write(`${text}\n`)
  },
})

function shortened(text: string): string {
  const line = text.replaceAll('\n', ' ')
  return line.length <= 110 ? line : `${line.slice(0, 107)}...`
}
