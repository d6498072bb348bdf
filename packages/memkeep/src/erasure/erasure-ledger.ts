/**
 * The list of erasures that is kept outside the database and the key store, and outside their backups: after a restore it says what must be erased
 * again. One line for each place, from 1, without a gap; nothing in it names anybody. What one process put every other reads.
 */
export interface ErasureLedger {
  /** Puts a line at a place, durably. False: a line stands there already and was left as it is. */
  put(place: number, line: string): Promise<boolean>
  /** Puts another line where one stands, durably: when what it says has expired. */
  replace(place: number, line: string): Promise<void>
  /** Every line in its order. */
  read(): Promise<string[]>
}
