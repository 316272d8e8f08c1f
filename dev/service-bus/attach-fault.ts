import { type AmqpError, refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import type { Right } from './shared-access-policy.ts';

/** The error with which a fault refuses a link to the entity at this path; undefined when none strikes. */
export function attachFault(broker: Broker, path: string, right: Right): AmqpError | undefined {
  const kind = broker.faults.strike('attach', path)?.kind;
  switch (kind) {
    case undefined:
      return undefined;
    case 'notFound':
      return refusal.notFound(broker.addressOf(path));
    case 'busyAttach':
      return refusal.serverBusy(broker.namespace.name);
    case 'disabled':
      return refusal.disabled(path);
    default:
      return refusal.noClaim(right, broker.addressOf(path));
  }
}
