/** Milliseconds since 1970 with their fraction, which Date.now() has not. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
