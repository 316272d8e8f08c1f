import { type AmqpError, refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import type { Right } from './shared-access-policy.ts';

/** The error with which a fault refuses a link to the entity at this path; undefined when none strikes. */
export function attachFault(broker: Broker, path: string, right: Right): AmqpError | undefined {
  const fault = broker.faults.strike('attach', path);
  if (fault === undefined) return undefined;
  if (fault.kind === 'notFound') return refusal.notFound(broker.addressOf(path));
  if (fault.kind === 'busyAttach') return refusal.serverBusy(broker.namespace.name);
  if (fault.kind === 'disabled') return refusal.disabled(path);
  return refusal.noClaim(right, broker.addressOf(path));
}
