/** A memory store as its users call it. A tenant is whatever the store keeps apart from others: a user, a namespace, a scope. */
export interface Contestant {
  readonly name: string
  /** Stores texts as fast as the store can, outside of any timing. Their ids, in order. */
  fill(tenant: string, texts: readonly string[]): Promise<readonly string[]>
  /** Called once, when everything is filled. */
  settle?(): Promise<void>
  add(tenant: string, text: string): Promise<unknown>
  /** Ids of what was found, best first. */
  search(tenant: string, query: string, limit: number): Promise<readonly string[]>
  /** Null where the store has no reading by id. */
  readonly get: ((tenant: string, id: string) => Promise<unknown>) | null
  close(): Promise<void>
}

/** A database on the server that all share. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** The embedder that all share. */
export interface Embed {
  readonly name: string
  readonly dims: number
  readonly texts: (texts: readonly string[]) => Promise<number[][]>
}

/** `work` for every item, `lanes` at a time. What it brings, in order. */
export async function inLanes<Item, Answer>(
  items: readonly Item[],
  lanes: number,
  work: (item: Item, place: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers = new Array<Answer>(items.length)
  let next = 0
  const lane = async (): Promise<void> => {
    for (let place = next++; place < items.length; place = next++) answers[place] = await work(items[place]!, place)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return answers
}
