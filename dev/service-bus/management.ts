import type { Message } from 'rhea';
import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import { limits } from './limits.ts';
import { messageOperations } from './message-operations.ts';
import type { RequestBody } from './request-body.ts';
import type { Response } from './request-link.ts';
import { errorResponse } from './request-link.ts';
import { ruleOperations } from './rule-operations.ts';
import { schedulingOperations } from './scheduling-operations.ts';
import { sessionOperations } from './session-operations.ts';
import type { Right } from './shared-access-policy.ts';

/** The request/response operations. https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response */
const operations = { ...messageOperations, ...sessionOperations, ...schedulingOperations, ...ruleOperations };

/**
 * Answers a request to the `$management` node of the entity at a path. What sends needs the right to send, all else the
 * right to listen, as the SDK has it for rules too.
 */
export function manage(
  request: Message,
  broker: Broker,
  path: string,
  claimRefusal: (right: Right) => AmqpError | undefined,
): Response {
  const name = String(request.application_properties?.['operation']).replace('com.microsoft:', '');
  const body: unknown = request.body;
  if (!isOperation(name)) return errorResponse(501, refusal.notImplemented(name));
  if (typeof body !== 'object' || body === null) {
    return errorResponse(400, refusal.invalidArgument('The body of a request must be a map.'));
  }
  const operation = operations[name];
  const refused = claimRefusal('target' in operation ? 'Send' : 'Listen');
  if (refused !== undefined) return errorResponse(401, refused);
  const now = broker.now();
  const credits = 'rules' in operation ? limits.ruleOperationCredits.value : 1;
  if (!broker.throttle.take(credits, now)) {
    return errorResponse(503, refusal.serverBusy(broker.namespace.name));
  }
  return (
    run(operation, broker, path, body as RequestBody) ?? errorResponse(400, refusal.notImplemented(name))
  );
}

/** Undefined when the entity is not of the kind that the operation is for. */
function run(
  operation: (typeof operations)[keyof typeof operations],
  { namespace, addressOf, now }: Broker,
  path: string,
  body: RequestBody,
): Response | undefined {
  if ('target' in operation) {
    const target = namespace.target(path);
    return target && operation.target(target, body, now());
  }
  if ('rules' in operation) {
    const rules = namespace.rules(path);
    return rules && operation.rules(rules, body, addressOf(path));
  }
  const source = namespace.source(path);
  return source && operation.source(source, body, now());
}

function isOperation(name: string): name is keyof typeof operations {
  return Object.hasOwn(operations, name);
}
