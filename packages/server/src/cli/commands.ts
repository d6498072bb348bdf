import { auditAcceptRollback } from './audit-accept-rollback.ts'
import { auditExport } from './audit-export.ts'
import { auditKey } from './audit-key.ts'
import { auditSize } from './audit-size.ts'
import type { Command } from './command.ts'
import { dbBackup, dbRestore } from './db-backup.ts'
import { dbUrl } from './db-url.ts'
import { doctor } from './doctor.ts'
import { erase, erasureList, erasureResume, erasureShow } from './erase.ts'
import { exportMemories } from './export.ts'
import { importMemories } from './import.ts'
import { keyCreate, keyList, keyRevoke } from './key.ts'
import { keysReseal, keysRotate } from './keys.ts'
import { migrate } from './migrate.ts'
import { quarantineList, quarantineReject, quarantineRelease, quarantineShow } from './quarantine.ts'
import { reembed } from './reembed.ts'
import { restoreCheck } from './restore-check.ts'
import { searchMemories } from './search.ts'
import { supportApprove, supportEnd, supportList, supportRead, supportRequest } from './support.ts'
import { tenantCreate, tenantList, tenantQuota } from './tenant.ts'
import { tenantDisclosure } from './tenant-disclosure.ts'
import { upkeep } from './upkeep.ts'
import { verify } from './verify.ts'

const demo: Command = {
  name: 'demo',
  takes: '[--data DIR]',
  does: 'two companies, four people, five attacks; DIR defaults to .memkeep/demo',
  notes: [],
  run: async (args) => (await import('./demo/demo.ts')).demo(args),
}

const serve: Command = {
  name: 'serve',
  takes: '[--host ADDRESS] [--port N] [--config FILE] [--data DIR]',
  does: 'serves the memories over HTTP; the first start makes a tenant and prints its key once',
  notes: [
    'Until Ctrl-C. ADDRESS defaults to 127.0.0.1, N to 8787; port 0 is any free one. FILE holds settings in JSON, and',
    'defaults to what MEMKEEP_CONFIG names; the environment goes before it, and options before both.',
  ],
  run: async (args) => (await import('./serve.ts')).serve(args),
}

const mcp: Command = {
  name: 'mcp',
  takes: '[--tenant T --subject S] [--data DIR]',
  does: 'serves the memories of one subject as MCP tools over stdio',
  notes: ['Without --tenant and --subject it stands for the API key in MEMKEEP_API_KEY. The scope is bound at start.'],
  run: async (args) => (await import('./mcp.ts')).mcp(args),
}

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  demo,
  serve,
  mcp,
  tenantCreate,
  tenantList,
  tenantQuota,
  tenantDisclosure,
  keyCreate,
  keyList,
  keyRevoke,
  importMemories,
  searchMemories,
  exportMemories,
  quarantineList,
  quarantineShow,
  quarantineRelease,
  quarantineReject,
  erase,
  erasureList,
  erasureShow,
  erasureResume,
  supportRequest,
  supportApprove,
  supportList,
  supportRead,
  supportEnd,
  auditExport,
  auditSize,
  auditKey,
  auditAcceptRollback,
  verify,
  reembed,
  keysRotate,
  keysReseal,
  doctor,
  migrate,
  upkeep,
  dbUrl,
  dbBackup,
  dbRestore,
  restoreCheck,
]
