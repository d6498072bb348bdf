/** The n-th memory: one sentence of about 90 characters, no two alike. */
export declare function memoryText(number: number): string
/** The n-th question: three words that many memories share, and one that few do. */
export declare function queryText(number: number): string
