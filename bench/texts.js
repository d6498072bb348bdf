const people = ['Ana', 'Bruno', 'Chioma', 'Dai', 'Elif', 'Farid', 'Greta', 'Hugo']
const verbs = ['prefers', 'avoids', 'asked about', 'booked', 'cancelled', 'remembers', 'wants', 'disliked']
const things = [
  'the window seat',
  'the early ferry',
  'a quiet cabin',
  'vegetarian meals',
  'the night train',
  'paper tickets',
  'calls after six',
  'the long route',
]
const places = [
  'Lisbon',
  'Oslo',
  'Kyoto',
  'Turin',
  'Galway',
  'Porto',
  'Bergen',
  'Graz',
  'Nara',
  'Ghent',
  'Malmö',
  'Cork',
]
const months = ['January', 'March', 'April', 'June', 'July', 'September', 'October', 'December']
/** Looks random, is not: the same text for the same number in every run. */
function pick(list, number, salt) {
  const mixed = Math.imul((number + salt * 7919) ^ (number >>> 3), 2_654_435_761)
  return list[((mixed ^ (mixed >>> 15)) >>> 0) % list.length]
}
/** The n-th memory: one sentence of about 90 characters, no two alike. */
export function memoryText(number) {
  const at = `${pick(places, number, 3)} in ${pick(months, number, 7)}`
  return `${pick(people, number, 1)} ${pick(verbs, number, 2)} ${pick(things, number, 5)} on the trip to ${at}, booking ${number}.`
}
/** The n-th question: three words that many memories share, and one that few do. */
export function queryText(number) {
  return `${pick(things, number, 11)} ${pick(places, number, 13)} booking ${(number * 37) % 10_000}`
}
