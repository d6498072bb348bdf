import type { Command } from './command.ts'
import { dbBackup, dbRestore } from './db-backup.ts'
import { dbUrl } from './db-url.ts'
import { doctor } from './doctor.ts'
import { exportMemories } from './export.ts'
import { importMemories } from './import.ts'
import { keyCreate, keyList, keyRevoke } from './key.ts'
import { migrate } from './migrate.ts'
import { searchMemories } from './search.ts'
import { tenantCreate, tenantList } from './tenant.ts'
import { upkeep } from './upkeep.ts'

const demo: Command = {
  name: 'demo',
  takes: '[--data DIR]',
  does: 'two companies, four people, five attacks; DIR defaults to .memkeep/demo',
  notes: [],
  run: async (args) => (await import('./demo/demo.ts')).demo(args),
}

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  demo,
  tenantCreate,
  tenantList,
  keyCreate,
  keyList,
  keyRevoke,
  importMemories,
  searchMemories,
  exportMemories,
  doctor,
  migrate,
  upkeep,
  dbUrl,
  dbBackup,
  dbRestore,
]
