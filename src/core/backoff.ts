const BASE_MS = 100;
const CAP_MS = 15_000;

/** How long to wait before trying again after so many failures in a row (1 for the first): doubling, capped, half of it random. */
export function backoffMs(failures: number, random: () => number, capMs = CAP_MS): number {
  const ceiling = Math.min(capMs, BASE_MS * 2 ** Math.min(failures - 1, 20));
  return ceiling / 2 + (random() * ceiling) / 2;
}
