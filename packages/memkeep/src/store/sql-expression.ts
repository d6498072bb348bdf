/**
 * One form for an expression of SQL, however it is written: as in our files, or as PostgreSQL gives it back (with every
 * parenthesis, with casts, with `in` as `= any`). Knows what policies and one-line functions here are made of. Of what it does not
 * know it answers the text itself, which is then like no other.
 */
export function formOf(expression: string): string {
  const tokens = tokensOf(expression)
  if (tokens === null) return expression
  const reader = new Reader(tokens)
  try {
    const form = reader.either()
    return reader.isAtEnd ? form : expression
  } catch (error) {
    if (error instanceof NotKnown) return expression
    throw error
  }
}

class NotKnown extends Error {}

const tokenForm = /\s*('(?:[^']|'')*'|\d+|"(?:[^"]|"")*"|[A-Za-z_][\w$]*|::|<=|>=|<>|[-+*/=<>|&(),.[\]])/y

/** Words in lower case, and what is quoted as a name without its quotes; null where something else stands. */
function tokensOf(text: string): string[] | null {
  const trimmed = text.trim()
  const tokens: string[] = []
  tokenForm.lastIndex = 0
  while (tokenForm.lastIndex < trimmed.length) {
    const token = tokenForm.exec(trimmed)?.[1]
    if (token === undefined) return null
    if (token.startsWith("'")) tokens.push(token)
    else if (token.startsWith('"')) tokens.push(token.slice(1, -1))
    else tokens.push(token.toLowerCase())
  }
  return tokens
}

const lossless = ['text', 'smallint', 'integer', 'bigint', 'bytea', 'uuid']
const comparisons = ['=', '<>', '<', '>', '<=', '>=']
const operators = ['|', '&', '+', '-', '*', '/']

/** Reads an expression from the loosest operator to the tightest. Each method answers the form of what it read. */
class Reader {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  either(): string {
    return this.#chain('or', () => this.#chain('and', () => this.#negation()))
  }

  /** Operands of one word, of any number: `a and (b and c)` is `a and b and c`. */
  #chain(word: string, operand: () => string): string {
    const operands = [operand()]
    while (this.#takes(word)) operands.push(operand())
    if (operands.length === 1) return operands[0]!
    const head = `${word}{`
    return `${head}${operands.map((each) => (each.startsWith(head) ? each.slice(head.length, -1) : each)).join('; ')}}`
  }

  #negation(): string {
    return this.#takes('not') ? `not{${this.#negation()}}` : this.#comparison()
  }

  #comparison(): string {
    const left = this.#sum()
    if (this.#takes('is')) {
      const not = this.#takes('not') ? 'not ' : ''
      this.#expect('null')
      return `is ${not}null{${left}}`
    }
    if (this.#takes('in')) return `= any{${left}; array{${this.#list('(', ')')}}}`
    const operator = comparisons.find((each) => this.#takes(each))
    if (operator === undefined) return left
    if (!this.#takes('any')) return `${operator}{${left}; ${this.#sum()}}`
    this.#expect('(')
    const among = this.either()
    this.#expect(')')
    return `${operator} any{${left}; ${among}}`
  }

  #sum(): string {
    let left = this.#castless()
    for (;;) {
      const operator = operators.find((each) => this.#takes(each))
      if (operator === undefined) return left
      left = `${operator}{${left}; ${this.#castless()}}`
    }
  }

  /** Casts that lose nothing are left out: PostgreSQL adds its own. Any other is part of the form. */
  #castless(): string {
    let value = this.#value()
    for (;;) {
      if (this.#takes('::')) value = this.#cast(value)
      else if (this.#takes('.')) value = `${value}.${this.#next()}`
      else return value
    }
  }

  #cast(value: string): string {
    const type = this.#next()
    while (this.#takes('[')) this.#expect(']')
    return lossless.includes(type) ? value : `cast{${value}; ${type}}`
  }

  #value(): string {
    if (this.#takes('(')) {
      const inner = this.either()
      this.#expect(')')
      return inner
    }
    const token = this.#next()
    if (token === 'case') return this.#cases()
    if (token === 'array') return `array{${this.#list('[', ']')}}`
    if (!/^[\w'$]/.test(token)) throw new NotKnown()
    let name = token
    while (/^[a-z_]/.test(name) && this.#peek === '.') {
      this.#next()
      name += `.${this.#next()}`
    }
    return this.#peek === '(' && /^[a-z_]/.test(name) ? `${name}(${this.#list('(', ')')})` : name
  }

  /** `substring(a from b for c)` is `substring(a, b, c)`. */
  #list(open: string, close: string): string {
    this.#expect(open)
    if (this.#takes(close)) return ''
    const items = [this.either()]
    while (this.#takes(',') || this.#takes('from') || this.#takes('for')) items.push(this.either())
    this.#expect(close)
    return items.join('; ')
  }

  /** What nothing is said of is null. */
  #cases(): string {
    const parts = this.#peek === 'when' ? [''] : [this.either()]
    while (this.#takes('when')) {
      const when = this.either()
      this.#expect('then')
      parts.push(`${when} => ${this.either()}`)
    }
    parts.push(this.#takes('else') ? this.either() : 'null')
    this.#expect('end')
    return `case{${parts.join('; ')}}`
  }

  get #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #takes(token: string): boolean {
    if (this.#peek !== token) return false
    this.#at++
    return true
  }

  #expect(token: string): void {
    if (!this.#takes(token)) throw new NotKnown()
  }

  #next(): string {
    const token = this.#peek
    if (token === undefined) throw new NotKnown()
    this.#at++
    return token
  }
}
