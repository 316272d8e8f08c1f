import type { AmqpError } from './amqp-error.ts';
import { refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import type { Fault } from './faults.ts';
import { limits } from './limits.ts';
import type { SendTarget } from './send-target.ts';

/** What a fault does with a transfer before it is stored. */
export type TransferFault =
  | { readonly kind: 'hang' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'refuse' | 'detach' | 'close'; readonly error: AmqpError };

/** Undefined for a fault that lets the transfer be stored. */
export function transferFault(fault: Fault, target: SendTarget, broker: Broker): TransferFault | undefined {
  const { path } = target;
  const { maxMessageSizeBytes, maxSizeBytes } = target.limits;
  switch (fault.kind) {
    case 'busy':
      return { kind: 'refuse', error: refusal.serverBusy(broker.namespace.name) };
    case 'refused':
      return { kind: 'refuse', error: { ...refusal.preconditionFailed(), ...given(fault) } };
    case 'sizeExceeded':
      return { kind: 'refuse', error: refusal.sizeExceeded(maxMessageSizeBytes + 1, maxMessageSizeBytes) };
    case 'quotaExceeded':
      return { kind: 'refuse', error: refusal.quotaExceeded(path, maxSizeBytes, maxSizeBytes) };
    case 'notFound':
      return { kind: 'refuse', error: refusal.notFound(broker.addressOf(path)) };
    case 'disabled':
      return { kind: 'refuse', error: refusal.disabled(path) };
    case 'unauthorized':
      return { kind: 'refuse', error: refusal.noClaim('Send', broker.addressOf(path)) };
    case 'hang':
      return { kind: 'hang' };
    case 'dropBeforeStore':
      return { kind: 'drop' };
    case 'detach': {
      const error = refusal.idleLink('AmqpMessagePublisher', limits.idleLinkMs.value);
      return { kind: 'detach', error: { ...error, ...given(fault) } };
    }
    case 'closeConnection':
      return { kind: 'close', error: { ...refusal.connectionForced(), ...given(fault) } };
    case 'ackLost':
    case 'dropAfterStore':
    case 'latency':
    case 'detachIdle':
    case 'closeIdle':
    case 'busyAttach':
    case 'detachReceivers':
    case 'deafen':
    case 'refuseConnections':
    case 'freeze':
      return undefined;
  }
}

function given(fault: Fault): Partial<AmqpError> {
  return {
    ...(fault.condition === undefined ? {} : { condition: fault.condition }),
    ...(fault.description === undefined ? {} : { description: fault.description }),
  };
}
