import type { Message } from 'rhea';
import { refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import type { Claims } from './claims.ts';
import type { Response } from './request-link.ts';
import { errorResponse } from './request-link.ts';
import { audiencePath, checkSasToken } from './sas-token.ts';

const sasTokenType = 'servicebus.windows.net:sastoken';

/**
 * Claims-based security: a client puts a token for an audience before it attaches a link.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide#claims-based-authorization
 */
export function putToken(request: Message, broker: Broker, claims: Claims): Response {
  const { operation, type, name: audience } = request.application_properties ?? {};
  if (operation !== 'put-token' || typeof audience !== 'string') {
    return errorResponse(
      400,
      refusal.invalidArgument('Only put-token with an audience as its name is supported.'),
    );
  }
  const path = audiencePath(audience);
  if (broker.faults.strike('putToken', path) !== undefined) {
    return errorResponse(401, refusal.unauthorized('InvalidSignature: The token has an invalid signature.'));
  }
  if (type !== sasTokenType) {
    return errorResponse(
      401,
      refusal.unauthorized(`Tokens of the type '${String(type)}' cannot be checked here.`),
    );
  }
  const { namespace } = broker;
  const policiesOf = (of: string) => namespace.policiesOf(of);
  const check = checkSasToken(String(request.body), audience, policiesOf, broker.now());
  if (!check.ok) return errorResponse(401, refusal.unauthorized(check.reason));
  // The service knows already here what it does not have. https://github.com/Azure/azure-service-bus/issues/451
  if (!namespace.has(path)) return errorResponse(404, refusal.notFound(broker.addressOf(path)));
  claims.put(path, check.expiresAt, check.rights);
  return { status: 202, description: 'Accepted' };
}
