import rhea from 'rhea';
import { refusal } from './amqp-error.ts';
import { deliveredBytes } from './delivered-message.ts';
import { limits } from './limits.ts';
import { lockTokenBytes, lockTokenFromBytes } from './lock-token.ts';
import type { QueueEntity } from './queue-entity.ts';
import { buffersIn, mapIn, numberIn, numbersIn, type RequestBody, textIn } from './request-body.ts';
import { errorResponse, type Response, success } from './request-link.ts';
import type { Settlement } from './stored-message.ts';

const timestampArray = 0x83;
/** The settle mode of a receiver that wants its messages for good. */
const receiveAndDelete = 0;

/** Operations on the messages of a queue or a subscription. */
export const messageOperations = {
  'renew-lock': { source: renewLock },
  'peek-message': { source: peek },
  'receive-by-sequence-number': { source: receiveDeferred },
  'update-disposition': { source: updateDisposition },
} as const;

function renewLock({ queue }: QueueEntity, body: RequestBody, now: number): Response {
  const expirations = buffersIn(body, 'lock-tokens').map((token) =>
    queue.renewLock(lockTokenFromBytes(token), now),
  );
  if (expirations.length === 0 || expirations.includes(undefined)) {
    return errorResponse(410, refusal.messageLockLost());
  }
  return success({ expirations: rhea.types.wrap_array(expirations, timestampArray, undefined) });
}

function peek({ queue }: QueueEntity, body: RequestBody): Response {
  const from = numberIn(body, 'from-sequence-number');
  const count = Math.min(numberIn(body, 'message-count'), limits.peekedMessages.value);
  const found = queue.peek(from, count, textIn(body, 'session-id'));
  if (found.length === 0) return { status: 204, description: 'No messages are there to be peeked.' };
  return success({ messages: found.map((message) => ({ message: deliveredBytes(message) })) });
}

function receiveDeferred(entity: QueueEntity, body: RequestBody, now: number): Response {
  const keep = numberIn(body, 'receiver-settle-mode') !== receiveAndDelete;
  const messages = entity.queue.receiveDeferred(numbersIn(body, 'sequence-numbers'), keep, now);
  if (messages === undefined) return errorResponse(404, refusal.messageNotFound());
  // The locks bring a deadline.
  entity.pump.wake();
  return success({
    messages: messages.map((message) => {
      const { lockToken } = message;
      if (lockToken === undefined) return { message: deliveredBytes(message) };
      const lockedUntil = entity.queue.lockedUntil(lockToken, now);
      return {
        message: deliveredBytes(message, lockedUntil),
        'lock-token': rhea.types.wrap_uuid(lockTokenBytes(lockToken)),
      };
    }),
  });
}

/** Settles messages that have no link to be settled on: deferred ones, and those whose link is gone. */
function updateDisposition({ queue }: QueueEntity, body: RequestBody, now: number): Response {
  const settlement = requestedSettlement(body);
  if (settlement === undefined) {
    return errorResponse(400, refusal.invalidArgument('The disposition status is not known.'));
  }
  const tokens = buffersIn(body, 'lock-tokens').map(lockTokenFromBytes);
  const results = new Set(tokens.map((token) => queue.settle(token, settlement, now)));
  if (results.has('alreadyDead')) return errorResponse(400, refusal.alreadyDead());
  return results.has('settled') && !results.has('lockLost')
    ? success(undefined)
    : errorResponse(410, refusal.messageLockLost());
}

function requestedSettlement(body: RequestBody): Settlement | undefined {
  const properties = mapIn(body, 'properties-to-modify');
  switch (textIn(body, 'disposition-status') ?? '') {
    case 'completed':
      return { kind: 'complete' };
    case 'abandoned':
      return { kind: 'abandon', properties };
    // The protocol's own spelling.
    case 'defered':
      return { kind: 'defer', properties };
    case 'suspended':
      return {
        kind: 'deadLetter',
        reason: textIn(body, 'deadletter-reason'),
        description: textIn(body, 'deadletter-description'),
        properties,
      };
    default:
      return undefined;
  }
}
