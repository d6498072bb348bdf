#!/usr/bin/env node
// The kernel carries no command line of its own: this forwards to @memkeep/server, and says what to install when it is absent.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    'memkeep: needs Node 22.18 or later; in a checkout, npx memkeep runs on the one that npm ci brought\n',
  )
  process.exit(2)
}

let cli
try {
  cli = await import('@memkeep/server/cli')
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
  process.stderr.write(
    'memkeep: the command line lives in @memkeep/server; install it with: npm install @memkeep/server\n',
  )
  process.exit(2)
}
process.exitCode = await cli.main(process.argv.slice(2))
