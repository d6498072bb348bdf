import { modulesOf } from './parsed-module.ts'
import { isSource, type Rule } from './rule.ts'
import type { SourceTree } from './source-tree.ts'

const longestFile = 500
const medianFile = 120
const longestFunction = 70

const lengthOf = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

/** Code that people read: no manifests, no data, nothing that a build made. */
function codeOf(tree: SourceTree): [path: string, text: string][] {
  return [...tree].filter(([path]) => /\.(ts|mjs|js|sql)$/.test(path) && !path.includes('/dist/'))
}

export const filesAreShort: Rule = {
  rule: `no file is longer than ${longestFile} lines`,
  broken: (tree) =>
    codeOf(tree)
      .filter(([, text]) => lengthOf(text) > longestFile)
      .map(([path, text]) => `${path}: ${lengthOf(text)} lines`),
}

export const mostFilesAreShort: Rule = {
  rule: `half of the source files have at most ${medianFile} lines`,
  broken: (tree) => {
    const lengths = codeOf(tree)
      .filter(([path]) => isSource(path))
      .map(([, text]) => lengthOf(text))
      .sort((a, b) => a - b)
    const median = lengths[Math.floor(lengths.length / 2)] ?? 0
    return median > medianFile ? [`packages: the median is ${median} lines`] : []
  },
}

export const functionsAreShort: Rule = {
  rule: `no function is longer than ${longestFunction} lines (a suite of tests is not one)`,
  broken: (tree) =>
    modulesOf(tree, (path) => !path.endsWith('.test.ts')).flatMap(({ path, functions }) =>
      functions
        .filter(({ lines }) => lines > longestFunction)
        .map(({ line, lines }) => `${path}: the function at line ${line} has ${lines} lines`),
    ),
}

export const exportsAreNamed: Rule = {
  rule: 'no module exports all of another',
  broken: (tree) =>
    modulesOf(tree, () => true)
      .filter(({ exportsAll }) => exportsAll)
      .map(({ path }) => `${path}: export *`),
}

const banned = /^(utils?|helpers?|common|managers?|services?)$/
const bannedEnding = /-(utils?|helpers?|managers?|services?)$/

export const namesSayOneThing: Rule = {
  rule: 'files and folders are in kebab case and named for one thing',
  broken: (tree) =>
    [...tree.keys()]
      .filter((path) => !path.includes('/dist/'))
      .filter((path) =>
        path.split('/').some((part) => {
          const stem = part.split('.')[0]!
          const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part)
          return banned.test(stem) || bannedEnding.test(stem) || !kebab
        }),
      )
      .map((path) => `${path}: not a name for one thing`),
}
