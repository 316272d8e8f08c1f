import type { Message } from 'rhea';
import { refusal } from './amqp-error.ts';
import { messageOperations } from './message-operations.ts';
import type { QueueEntity } from './queue-entity.ts';
import type { RequestBody } from './request-body.ts';
import type { Response } from './request-link.ts';
import { errorResponse } from './request-link.ts';
import { schedulingOperations } from './scheduling-operations.ts';
import type { SendTarget } from './send-target.ts';
import { sessionOperations } from './session-operations.ts';

/** The entity that a request is about: both sides of a queue, one side of a topic or a subscription. */
export interface ManagedEntity {
  readonly target: SendTarget | undefined;
  readonly source: QueueEntity | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The request/response operations. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response */
const operations = { ...messageOperations, ...sessionOperations, ...schedulingOperations };

/** Answers a request to an entity's `$management` node. */
export function manage(request: Message, entity: ManagedEntity): Response {
  const name = String(request.application_properties?.['operation']).replace('com.microsoft:', '');
  const body: unknown = request.body;
  if (!isOperation(name)) return errorResponse(501, refusal.notImplemented(name));
  if (typeof body !== 'object' || body === null) {
    return errorResponse(400, refusal.invalidArgument('The body of a request must be a map.'));
  }
  const operation = operations[name];
  if ('target' in operation) {
    if (entity.target === undefined) return errorResponse(400, refusal.notImplemented(name));
    return operation.target(entity.target, body as RequestBody, entity.now);
  }
  if (entity.source === undefined) return errorResponse(400, refusal.notImplemented(name));
  return operation.source(entity.source, body as RequestBody, entity.now);
}

function isOperation(name: string): name is keyof typeof operations {
  return name in operations;
}
