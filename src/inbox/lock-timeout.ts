/** Shorter than any lock of the broker, whose shortest is 5 s: who waits for the same message lets go of it before. */
export const LOCK_TIMEOUT_MS = 3_000;
