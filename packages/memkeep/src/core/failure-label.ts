/**
 * What may be said of another library's error: its name and HTTP status. Never its message or anything else of it, which may
 * hold the texts, the answer or the API key (an `APICallError` of the AI SDK has them all).
 */
export function failureLabel(cause: unknown): string {
  const { name, statusCode } = (cause ?? {}) as { name?: unknown; statusCode?: unknown }
  const said = typeof name === 'string' && /^\w{1,60}$/.test(name) ? name : 'an error'
  return typeof statusCode === 'number' ? `${said}, status ${statusCode}` : said
}
