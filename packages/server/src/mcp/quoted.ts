/** JSON that no reader takes for mark-up or for a line of its own. */
export function quoted(data: object): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(data).replace(/[\u007f-\u009f\u2028\u2029<>]/g, escaped)
}
