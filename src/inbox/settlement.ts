import type { ReceivedMessage } from './received-message.ts';

/**
 * What becomes of a message at the broker. complete: its effect is committed, or there is none. dead-letter: it can never be handled.
 * release: it is not to blame; it comes again, and nothing more is received for a while.
 */
export type Settlement =
  | { readonly kind: 'complete' }
  | { readonly kind: 'dead-letter'; readonly reason: string; readonly description: string }
  | { readonly kind: 'release'; readonly afterMs: number };

/**
 * Handles one message of a consumer. Never rejects. `lost`: its lock is gone, or the process has to end; then nothing that is
 * not committed may be.
 */
export type HandleMessage = (
  consumer: string,
  message: ReceivedMessage,
  lost: AbortSignal,
) => Promise<Settlement>;
