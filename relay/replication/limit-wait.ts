import { RelayError } from '../relay-error.ts';

/** The server begins to stream at once, or says that the slot is in use. */
const BEGIN_WITHIN_MS = 10_000;

/** Calls `fail` with STREAM_LOST when the server takes too long to begin, or when the relay is stopping; until what is returned is called. */
export function limitWait(stopping: AbortSignal, fail: (error: RelayError) => void): () => void {
  const stop = () => fail(new RelayError('STREAM_LOST', 'The relay is stopping'));
  const tooLate = setTimeout(
    () =>
      fail(new RelayError('STREAM_LOST', `PostgreSQL has not begun to stream within ${BEGIN_WITHIN_MS} ms`)),
    BEGIN_WITHIN_MS,
  );
  stopping.addEventListener('abort', stop);
  if (stopping.aborted) stop();
  return () => {
    clearTimeout(tooLate);
    stopping.removeEventListener('abort', stop);
  };
}
