import { describe, expect, test } from 'vitest'
import { formatConsistencyFile } from '../../src/proof/consistency-file.ts'
import { formatInclusionFile, parseInclusionFile } from '../../src/proof/inclusion-file.ts'
import { codeOf } from '../support/code-of.ts'

/** The example of C2SP tlog-proof, with a checkpoint cut short as it is there: a proof file keeps it verbatim. */
const published = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

\u2014 example.com/fancylog hI2DJw==
`

describe('tlog-proof', () => {
  test('the published example is read, and written back', () => {
    const file = parseInclusionFile(published)
    expect(file.index).toBe(73_894)
    expect(file.proof).toHaveLength(5)
    expect(Buffer.from(file.extra!).toString()).toBe('age-v1.2.1-darwin-arm64.tar.gz')
    expect(file.checkpoint.startsWith('example.com/fancylog\n109482\n')).toBe(true)
    expect(formatInclusionFile(file)).toBe(published)
    const bare = parseInclusionFile(published.replace(/extra .*\n/, ''))
    expect(bare.extra).toBeNull()
  })

  test.each([
    ['another version', published.replace('@v1', '@v2')],
    ['no empty line', published.replaceAll('\n\n', '\n')],
    ['no index', published.replace(/index .*\n/, '')],
    ['an index with a zero before it', published.replace('index 7', 'index 07')],
    ['extra after the index', published.replace(/(extra .*\n)(index .*\n)/, '$2$1')],
    ['a hash cut short', published.replace('PlQ=\n', '\n')],
    ['a hash of 31 bytes', published.replace(/gSKy.*/, Buffer.alloc(31).toString('base64'))],
    ['64 hashes', published.replace(/AHCi.*\n/, (line) => line.repeat(60))],
  ])('%s: refused', async (_, source) => {
    expect(source).not.toBe(published)
    expect(await codeOf(() => parseInclusionFile(source))).toBe('ERR_PROOF_INVALID')
  })
})

test("a consistency proof is the body of a witness's add-checkpoint", () => {
  const hashes = ['PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=', 'jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=']
  const proof = hashes.map((hash) => Buffer.from(hash, 'base64'))
  expect(formatConsistencyFile({ oldSize: 20_852_014, proof, checkpoint: 'origin\n' })).toBe(
    `old 20852014\n${hashes.join('\n')}\n\norigin\n`,
  )
  expect(formatConsistencyFile({ oldSize: 0, proof: [], checkpoint: 'origin\n' })).toBe('old 0\n\norigin\n')
})
