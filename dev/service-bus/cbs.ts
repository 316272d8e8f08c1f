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
  const check = checkSasToken(String(request.body), audience, broker.accessKey, broker.now());
  if (!check.ok) return errorResponse(401, refusal.unauthorized(check.reason));
  claims.put(path, check.expiresAt);
  return { status: 202, description: 'Accepted' };
}
