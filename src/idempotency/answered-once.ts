import type { Once } from '../dispatcher.ts';
import { isAnswerKept, keepAnswer, takeKey } from './answer-store.ts';
import type { KeptAnswer, KeyedRequest } from './keyed-request.ts';

/**
 * Has a request carried out once, and its repeats answered as it was. Throws IDEMPOTENCY_KEY_IN_USE and IDEMPOTENCY_KEY_REUSED, before
 * the receptor decides: a repeat while the first is under way must not wait for what that one has locked.
 */
export function answeredOnce<Answer>(
  request: KeyedRequest,
  toKept: (answer: Answer) => KeptAnswer,
): Once<Answer, KeptAnswer> {
  return {
    ask: (db) => takeKey(db, request),
    decidesAlong: false,
    tell: async (db, answer) => {
      const kept = toKept(answer);
      await keepAnswer(db, request, kept);
      return kept;
    },
    isKept: (db, kept) => isAnswerKept(db, request, kept),
  };
}
