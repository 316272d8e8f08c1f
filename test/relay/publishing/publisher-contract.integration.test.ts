import type { FaultKind } from '../../../dev/service-bus/faults.ts';
import { PublishError, type PublishErrorOptions } from '../../../relay/publishing/publish-error.ts';
import { ServiceBusPublisher } from '../../../relay/publishing/service-bus/service-bus-publisher.ts';
import { createLogger } from '../../../src/core/log.ts';
import { cleanup } from '../../support/cleanup.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { createBus } from '../../support/relay.ts';
import { OTHER_DESTINATION, publisherContract, type Trouble } from './publisher-contract.ts';

const FAULTS: Readonly<Record<Trouble, FaultKind>> = {
  busy: 'busy',
  lost: 'dropAfterStore',
  missing: 'notFound',
  unreachable: 'refuseConnections',
};

for (const sessions of [false, true]) {
  publisherContract(`the SDK on the local broker, ${sessions ? 'with' : 'without'} sessions`, async (t) => {
    const bus = await createBus(t, { sessions, others: [OTHER_DESTINATION] });
    const publisher = new ServiceBusPublisher(
      { connectionString: bus.connectionString, entity: 'orders', sessions },
      createLogger({ level: 'silent', service: 'test' }),
    );
    cleanup(t, () => publisher.close());
    return {
      publisher,
      accepted: () =>
        bus.journal.entries().map(({ messageId = '', body, entity }) => ({
          messageId,
          body,
          at: entity,
        })),
      cause: (trouble, entity) => {
        const fault = bus.faults.inject({ kind: FAULTS[trouble], ...(entity && { entity }) });
        // Nobody listens any more; what is connected already would stay so.
        if (trouble === 'unreachable') bus.faults.inject({ kind: 'closeIdle' });
        return () => fault.heal();
      },
    };
  });
}

const ERRORS: Readonly<Record<Trouble, PublishErrorOptions>> = {
  busy: { kind: 'transient', code: 'Busy', retryAfterMs: 1 },
  lost: { kind: 'transient', code: 'Lost', outcomeUnknown: true },
  missing: { kind: 'operator', code: 'Missing' },
  unreachable: { kind: 'transient', code: 'BROKER_UNREACHABLE' },
};

publisherContract('the one that tests use, which keeps messages in memory', async () => {
  const publisher = new MemoryPublisher();
  return {
    publisher,
    accepted: () =>
      publisher.accepted.map((message) => ({ ...message, at: message.destination ?? 'orders' })),
    cause: (trouble, destination) => {
      publisher.refuse = (_batch, to) =>
        to === (destination ?? to) ? new PublishError(trouble, ERRORS[trouble]) : undefined;
      return () => {
        publisher.refuse = () => undefined;
      };
    },
  };
});
