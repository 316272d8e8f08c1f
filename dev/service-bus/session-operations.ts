import rhea from 'rhea';
import { refusal } from './amqp-error.ts';
import type { QueueEntity } from './queue-entity.ts';
import { type RequestBody, textIn } from './request-body.ts';
import { errorResponse, type Response, success } from './request-link.ts';

/** Operations on a session that the caller holds. */
export const sessionOperations = {
  'renew-session-lock': { source: renewSessionLock },
  'get-session-state': { source: getSessionState },
  'set-session-state': { source: setSessionState },
} as const;

function renewSessionLock(entity: QueueEntity, body: RequestBody, now: number): Response {
  const sessionId = textIn(body, 'session-id') ?? '';
  const lockedUntil = entity.sessions.renew(sessionId, now);
  if (lockedUntil === undefined) return errorResponse(410, refusal.sessionLockLost(sessionId));
  return success({ expiration: rhea.types.wrap_timestamp(lockedUntil) });
}

function getSessionState(entity: QueueEntity, body: RequestBody): Response {
  return success({ 'session-state': entity.sessions.state(textIn(body, 'session-id') ?? '') ?? null });
}

function setSessionState(entity: QueueEntity, body: RequestBody, now: number): Response {
  const sessionId = textIn(body, 'session-id') ?? '';
  if (entity.sessions.lockedUntil(sessionId, now) === undefined) {
    return errorResponse(410, refusal.sessionLockLost(sessionId));
  }
  const state = body['session-state'];
  entity.sessions.setState(sessionId, Buffer.isBuffer(state) ? state : undefined);
  return success(undefined);
}
