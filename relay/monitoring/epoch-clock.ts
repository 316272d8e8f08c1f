let offset = performance.timeOrigin;

/** Milliseconds since 1970, with fractions: the wall clock, also after it was set, as fine as the monotonic one. */
export function epochMs(): number {
  const ms = offset + performance.now();
  // Date.now() is cut off to whole milliseconds.
  const ahead = ms - Date.now();
  if (ahead >= 0 && ahead <= 1) return ms;
  offset -= ahead < 0 ? ahead : ahead - 1;
  return offset + performance.now();
}
