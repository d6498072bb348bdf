export { type DirectoryKeyStoreInput, directoryKeyStore } from './directory-key-store.ts'
export { type LocalKeysInput, localKeys } from './local-keys.ts'
