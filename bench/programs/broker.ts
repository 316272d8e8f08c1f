import { openServiceBus } from '../../dev/service-bus/service-bus.ts';
import { answerRequests, nowUs } from '../support/worker.ts';

// The local Service Bus in a process of its own. Its topic has no subscription and no duplicate detection: it takes in, counts
// and forgets, so that what is measured is who sends. Its queues keep what is to be received.

type Request =
  | { kind: 'open'; keep: number }
  | { kind: 'latency'; delayMs: number }
  | { kind: 'total' }
  | { kind: 'accepted'; from: number };

let bus: Awaited<ReturnType<typeof openServiceBus>>;

answerRequests(async (request: Request) => {
  switch (request.kind) {
    case 'open':
      bus = await openServiceBus({
        port: 0,
        namespace: {
          topics: [{ name: 'orders' }],
          queues: [{ name: 'plain' }, { name: 'sessions', requiresSession: true }],
        },
        journal: { keep: request.keep, now: nowUs },
      });
      return bus.connectionString;
    case 'latency':
      bus.faults.heal();
      if (request.delayMs > 0) bus.faults.inject({ kind: 'latency', delayMs: request.delayMs });
      return undefined;
    case 'total':
      return bus.journal.total;
    case 'accepted':
      return new Map(bus.journal.entries(request.from).map(({ messageId, at }) => [messageId, at]));
  }
});
