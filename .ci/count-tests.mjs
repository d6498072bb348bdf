// count-tests.mjs REPORT STATUS: "N passed, N failed" of a Vitest JSON report and its run's exit status. A file that failed
// before its tests, and a run that failed although no test did, are one failure each; so is a run that left no report.
import { existsSync, readFileSync } from 'node:fs'

const [report, status] = process.argv.slice(2)
let passed = 0
let failed = 0
if (existsSync(report)) {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
  for (const { status: file, assertionResults } of testResults) {
    const bad = assertionResults.filter((each) => each.status === 'failed').length
    passed += assertionResults.filter((each) => each.status === 'passed').length
    failed += file === 'failed' && bad === 0 ? 1 : bad
  }
}
if (passed + failed === 0 || (status !== '0' && failed === 0)) failed++
console.log(`${passed} passed, ${failed} failed`)
