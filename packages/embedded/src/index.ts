export { backUpEmbedded, checkBackupTarget, restoreEmbedded, stopEmbedded } from './backup.ts'
export { type EmbeddedOptions, embedded } from './embedded.ts'
export { openLocal } from './open-local.ts'
