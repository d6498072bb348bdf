/** The statements by which an administrator of the database removes an erasure (`id`: a UUID) that nobody asked for: no doorway does that. */
export function erasureRemoval(id: string): string {
  return `delete from memkeep.erasure_step where erasure = '${id}'; delete from memkeep.erasure where id = '${id}';`
}
