/** In place of a random number between 0 and 1, it makes every wait before a next try the fiftieth part of the shortest. */
export function shortWaits(): number {
  return -0.98;
}
