// npm run bench:screen: what the built-in screener finds and misses on the part of the corpus that nobody trained or chose on; then what
// the gate costs, as a share of `add` on an embedded server, and how its work grows with hostile texts.
// BENCH_ROUNDS (default 400) makes the second longer or shorter; BENCH_SPEED=no leaves it out.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocal } from '@memkeep/embedded'
import { mintGrant, mintScope } from 'memkeep/trust'
import { expectAtMost } from './bounds.ts'
import { gateText, gateTimes, growth, slowestOf, type Times } from './screen/gate-speed.ts'
import { detectorTables } from './screen/tables.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 400)

/** What begins like many rules and ends as none, and runs that look like encodings. */
const hostilePieces = [
  'from now ',
  'if the user mentions ',
  'ignore all ',
  '<|',
  'a',
  '%41',
  'aB3',
  'ff ',
  '\u200b',
  'a\u200b',
  'аa ',
  'x.',
  'a@',
  '://',
  '&#65;',
  '\n',
  '1a0 ',
]

console.log(detectorTables())
if (process.env.BENCH_SPEED !== 'no') await speed()

async function speed(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'mk-screen-'))
  const keep = await openLocal(dir)
  try {
    const principal = { id: 'bench', roles: ['agent'] }
    const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 600 })
    await keep.privileged(grant).tenants.create('acme')
    const memory = keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal, ttlSeconds: 600 }))
    const { alone, beside, add } = await gateTimes(rounds, (content) => memory.add(content, { actor: 'user' }))
    const share = ({ p50 }: Times): string => `${((100 * p50) / add.p50).toFixed(1)} %`
    console.log('\n| gate and screen, 200 bytes | p50 | p99 | p50 as a share of `add` |')
    console.log('|---|---|---|---|')
    console.log(`| one after the other | ${alone.p50.toFixed(3)} ms | ${alone.p99.toFixed(3)} ms | ${share(alone)} |`)
    console.log(
      `| one before each \`add\`, caches cold | ${beside.p50.toFixed(3)} ms | ${beside.p99.toFixed(3)} ms | ${share(beside)} |`,
    )
    console.log(`| \`add\` | ${add.p50.toFixed(3)} ms | ${add.p99.toFixed(3)} ms | |`)
    expectAtMost('gate and screen of 200 bytes, p50 in milliseconds', alone.p50, 0.1)
  } finally {
    await keep.close()
    await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
  }
  console.log('\n| text | time a byte at 32 KiB, to that at 4 KiB |')
  console.log('|---|---|')
  for (const [name, ratio] of [['ordinary', growth(gateText)] as const, ...hostile()]) {
    console.log(`| ${name} | ${ratio.toFixed(2)} |`)
    expectAtMost(`time a byte of ${name}, at 32 KiB to that at 4 KiB`, ratio, 4)
  }
  const seed = Number(process.env.BENCH_SEED ?? Date.now() % 2 ** 31)
  const slowest = await slowestOf(hostilePieces, seed)
  console.log(
    `\nslowest of 2,000 random texts of such pieces (BENCH_SEED=${seed}), gate and screen: ${slowest.toFixed(2)} µs a byte`,
  )
  expectAtMost('microseconds a byte of the slowest random text', slowest, 15)
}

/** Texts made to be slow: what begins like many rules and ends as none, and runs that look like encodings. */
function hostile(): [string, number][] {
  const repeated = (piece: string) => (bytes: number) => piece.repeat(Math.ceil(bytes / piece.length)).slice(0, bytes)
  return hostilePieces.map((piece) => [
    `\`${JSON.stringify(piece).slice(1, -1)}\`, again and again`,
    growth(repeated(piece)),
  ])
}
