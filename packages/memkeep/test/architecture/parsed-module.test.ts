import { expect, test } from 'vitest'
import { parseModule } from './parsed-module.ts'

const read = (text: string) => parseModule('plant.ts', text)
const lengths = (text: string) => read(text).functions.map(({ lines }) => lines)

test('measures functions past braces that are none', () => {
  const tricky = [
    'export function first() {', // 1
    "  const text = '}' + \"{\" + '\\'}'", // 2
    '  const regex = /[}{/"]+\\/}/u', // 3
    '  // } not an end', // 4
    '  /* } { */', // 5
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    '  return `${[1].map((each) => `}${each}`)} } ${regex.source}{`', // 6, and a function of one line in it
    '}', // 7
    '',
  ].join('\n')
  expect(lengths(tricky)).toEqual([7, 1])
})

test('measures methods, getters, arrows and functions in functions, each by itself', () => {
  const nested = [
    'class Nested {', //
    '  get one() {', // 1
    '    return 1', //
    '  }', // 3
    '  #two = async <T,>(value: T): Promise<T> => {', // 1
    '    function three() {}', // 1
    '    return value', //
    '  }', // 4
    '  static { void 0 }', //
    '}',
  ].join('\n')
  expect(lengths(nested).sort()).toEqual([1, 3, 4])
})

test('counts lines after characters that take two units, and after Windows ends of lines', () => {
  expect(read("const a = '😀é'\r\nfunction f() {\r\n}\r\n").functions).toEqual([{ line: 2, lines: 2 }])
})

test('finds every way to import, and no import in a string or a comment', () => {
  const { imports } = read(
    [
      "import one, { two as three, type Four } from './a.ts'",
      "import type { Five } from './b.ts'",
      "import { type Six } from './c.ts'",
      "import * as seven from './d.ts'",
      "import './e.ts'",
      "export { eight as nine } from './f.ts'",
      "export * from './g.ts'",
      "type Ten = import('./h.ts').Ten",
      'const eleven = await import(`./i.ts`)',
      "const twelve = require('./j.ts')",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
      'const thirteen = await import(`./${twelve}.ts`)',
      "// import './k.ts'",
      "const text = `import './l.ts'`",
    ].join('\n'),
  )
  expect(imports.map(({ from, names, typeOnly }) => [from, names.join(), typeOnly])).toEqual([
    ['./a.ts', 'default,two,Four', false],
    ['./b.ts', 'Five', true],
    ['./c.ts', 'Six', true],
    ['./d.ts', '*', false],
    ['./e.ts', '', false],
    ['./f.ts', 'eight', false],
    ['./g.ts', '*', false],
    ['./h.ts', '*', true],
    ['./i.ts', '*', false],
    ['./j.ts', '*', false],
    [null, '*', false],
  ])
})

test('refuses what it cannot parse rather than finding nothing in it', () => {
  expect(() => read('const = 3')).toThrow('plant.ts')
})
