import { freePort } from '../../../dev/free-port.ts';

const FIRST = 10_000;
/** From here on systems take ports for outgoing connections. */
const END = 32_000;

/** A free port that nobody is given by chance while the process that listens on it is down. */
export function lastingPort(): Promise<number> {
  return freePort(FIRST + Math.floor(Math.random() * (END - FIRST)));
}
