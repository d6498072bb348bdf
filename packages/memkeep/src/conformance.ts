/**
 * Suites that the author of a driver runs: each tries everything that a port promises.
 * @module
 */
export { type ConnectorPlace, testConnector } from './conformance/connector.ts'
export { type EmbedderPlace, testEmbedder } from './conformance/embedder.ts'
export { type KeyProviderPlace, testKeyProvider } from './conformance/key-provider.ts'
export { type KeyStorePlace, testKeyStore } from './conformance/key-store.ts'
export { testWitness, type WitnessPlace } from './conformance/witness.ts'
