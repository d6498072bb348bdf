// The part of the peers' interfaces that the bench uses, so that the repository's types can be checked without installing them.

declare module '@langchain/langgraph-checkpoint-postgres/store' {
  export class PostgresStore {
    constructor(config: {
      connectionOptions: object
      index: { dims: number; embed: (texts: string[]) => Promise<number[][]>; fields: string[] }
    })
    setup(): Promise<void>
    put(namespace: string[], key: string, value: Record<string, unknown>): Promise<void>
    get(namespace: string[], key: string): Promise<unknown>
    search(namespace: string[], options: { query: string; limit: number }): Promise<{ key: string }[]>
    stop(): Promise<void>
  }
}

declare module '@mastra/pg' {
  type Index = { indexName: string; metric: 'cosine'; indexConfig: object }
  export class PgVector {
    constructor(config: { id: string; host: string; port: number; user: string; password: string; database: string })
    createIndex(index: Index & { dimension: number; metadataIndexes?: string[] }): Promise<void>
    buildIndex(index: Index): Promise<void>
    upsert(rows: {
      indexName: string
      vectors: number[][]
      metadata: Record<string, unknown>[]
      ids: string[]
      namespace?: string
    }): Promise<string[]>
    query(params: {
      indexName: string
      queryVector: number[]
      topK: number
      filter?: Record<string, string>
      namespace?: string
    }): Promise<{ id: string }[]>
    disconnect(): Promise<void>
  }
}

declare module 'mem0ai/oss' {
  type Part = { provider: string; config: Record<string, unknown> }
  export interface MemoryConfig {
    embedder: Part
    vectorStore: Part
    llm: Part
    historyStore: Part
  }
  export class Memory {
    constructor(config: MemoryConfig)
    add(text: string, options: { userId: string; infer: boolean }): Promise<{ results: { id: string }[] }>
    search(
      query: string,
      options: { filters: { user_id: string }; topK: number },
    ): Promise<{ results: { id: string }[] }>
    get(id: string): Promise<unknown>
  }
}
