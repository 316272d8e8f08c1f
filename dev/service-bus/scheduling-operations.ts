import rhea from 'rhea';
import { refusal } from './amqp-error.ts';
import { EncodedMessage } from './encoded-message.ts';
import { mapsIn, numbersIn, type RequestBody } from './request-body.ts';
import { errorResponse, type Response, success } from './request-link.ts';
import type { SendTarget } from './send-target.ts';

const longArray = 0x81;

/** Operations on messages that are not due yet. */
export const schedulingOperations = {
  'schedule-message': { target: schedule },
  'cancel-scheduled-message': { target: cancel },
} as const;

function schedule(target: SendTarget, body: RequestBody, now: number): Response {
  const sequenceNumbers: number[] = [];
  for (const { message } of mapsIn(body, 'messages')) {
    if (!Buffer.isBuffer(message))
      return errorResponse(400, refusal.invalidArgument('A message must be binary.'));
    const scheduled = target.schedule(new EncodedMessage(message), now);
    if (typeof scheduled !== 'number') return errorResponse(400, scheduled);
    sequenceNumbers.push(scheduled);
  }
  return success({ 'sequence-numbers': rhea.types.wrap_array(sequenceNumbers, longArray, undefined) });
}

function cancel(target: SendTarget, body: RequestBody): Response {
  return target.cancelScheduled(numbersIn(body, 'sequence-numbers'))
    ? success(undefined)
    : errorResponse(404, refusal.messageNotFound());
}
