import type { ApiErrorCode } from '../../api-error.ts';

/** What people read about a way of saying no: at /problems, in docs/problems.md, which a test holds to it, and in docs/api.md. */
export interface ProblemText {
  readonly when: string;
  /** For whoever sent the request. */
  readonly whatToDo: string;
}

const NEVER_STARTED = 'never by a running api: its process does not start';
const TELL_OPERATOR = 'tell whoever runs the service';

/** A code without a row does not compile. The texts are Markdown, of which only backticks are used. */
export const PROBLEM_TEXTS: Readonly<Record<ApiErrorCode, ProblemText>> = {
  CONTEXT_INVALID: {
    when: 'a header is not valid',
    whatToDo: 'correct the header that `errors` names',
  },
  REQUEST_INVALID: {
    when: 'the body or the query does not keep to its schema',
    whatToDo: 'correct what `errors` names',
  },
  ORDER_INVALID: {
    when: 'an amount of the order is too large to be kept',
    whatToDo: 'the total is too large: split the order',
  },
  UNAUTHENTICATED: {
    when: 'there is no token, or it is not valid; `WWW-Authenticate` says what is wrong',
    whatToDo: 'send a token that is valid: `WWW-Authenticate` says what is wrong with this one',
  },
  FORBIDDEN: {
    when: 'the token does not allow it: a scope is missing, or it is for another customer',
    whatToDo: 'ask for the scope that `WWW-Authenticate` names, or for the orders of your own customer',
  },
  HTTPS_REQUIRED: {
    when: 'it came without TLS, and `HTTPS_REDIRECT` is on',
    whatToDo: 'send it to the same address with `https:`',
  },
  ROUTE_NOT_FOUND: {
    when: 'there is nothing at this address',
    whatToDo: 'check the address',
  },
  ORDER_NOT_FOUND: {
    when: 'there is no such order',
    whatToDo: 'check the id',
  },
  METHOD_NOT_ALLOWED: {
    when: 'the address has other methods; `Allow` lists them',
    whatToDo: 'use a method that `Allow` names',
  },
  NOT_ACCEPTABLE: {
    when: 'the client accepts neither `application/json` nor `application/problem+json`',
    whatToDo: 'accept `application/json`',
  },
  ORDER_LOCKED: {
    when: 'another change of the order is under way, and took longer than half a second',
    whatToDo: 'send it again after `Retry-After` seconds',
  },
  ORDER_NOT_CANCELLABLE: {
    when: 'the order is in a state from which it cannot be cancelled',
    whatToDo: 'read the order: its state does not allow it',
  },
  IDEMPOTENCY_KEY_IN_USE: {
    when: 'the first request with this key is still under way',
    whatToDo: 'send it again after `Retry-After` seconds',
  },
  ORDER_VERSION_MISMATCH: {
    when: 'the order has another version than `If-Match` asks for',
    whatToDo: 'read the order again, then decide again',
  },
  IDEMPOTENCY_KEY_REUSED: {
    when: 'this key was sent before with another request',
    whatToDo: 'use a new key for a new request',
  },
  RATE_LIMITED: {
    when: 'the caller asks more often than `RATE_LIMIT`; `Retry-After` is what is left of the window',
    whatToDo: 'send it again after `Retry-After` seconds',
  },
  CONFIG_INVALID: { when: NEVER_STARTED, whatToDo: TELL_OPERATOR },
  SCHEMA_BEHIND: { when: NEVER_STARTED, whatToDo: TELL_OPERATOR },
  SCHEMA_NOT_FOUND: {
    when: 'never by a running api: it is not ready before its tables are found',
    whatToDo: TELL_OPERATOR,
  },
  DATABASE_POOLED: {
    when: 'never by an api, which works behind a pooler',
    whatToDo: TELL_OPERATOR,
  },
  OVERLOADED: {
    when: 'there are more requests than can be served soon; nothing was changed',
    whatToDo: 'send it again after `Retry-After` seconds, not sooner',
  },
  DATABASE_UNAVAILABLE: {
    when: 'the database does not answer, or its connection was lost while committing and nothing is stored; nothing was changed',
    whatToDo: 'send it again after `Retry-After` seconds',
  },
  COMMIT_UNCERTAIN: {
    when: 'the answer to COMMIT was lost, and the database cannot be asked what became of it; what was asked for may have been done',
    whatToDo:
      'with an `Idempotency-Key`, send it again with the same key; without one, look before you send it again',
  },
  ISSUER_UNAVAILABLE: {
    when: 'the token cannot be checked: the keys of its issuer cannot be had',
    whatToDo: 'send it again after `Retry-After` seconds',
  },
};
