import type { Message } from 'rhea';
import { refusal } from './amqp-error.ts';
import type { QueueEntity } from './queue-entity.ts';
import type { Response } from './request-link.ts';
import { errorResponse } from './request-link.ts';
import type { SendTarget } from './send-target.ts';

/** The entity that a request is about: both sides of a queue, one side of a topic or a subscription. */
export interface ManagedEntity {
  readonly target: SendTarget | undefined;
  readonly source: QueueEntity | undefined;
  readonly now: number;
}

/** The request/response operations of an entity. */
export function manage(request: Message, _entity: ManagedEntity): Response {
  const operation = String(request.application_properties?.['operation']);
  return errorResponse(501, refusal.notImplemented(operation));
}
