import { randomUUIDv7 } from 'node:crypto';
import { runProcess } from '../core/lifecycle.ts';
import { parseRetention } from '../core/retention-period.ts';
import { receptors } from '../receptors/registry.ts';
import { inboxConfig } from './config.ts';
import { consumedEvents } from './consumed-events.ts';
import { startOrderExpiry } from './expiry/order-expiry.ts';
import { choreOf } from './inbox.ts';
import { serveInbox } from './serve-inbox.ts';

await runProcess(inboxConfig, process.env, async (scope) => {
  const { ORDER_EXPIRES_AFTER: text } = scope.config;
  const after = text && { text, ms: parseRetention(text) ?? Number.POSITIVE_INFINITY };
  await serveInbox(scope, {
    receptors,
    events: consumedEvents,
    chores: ({ dispatcher, pool }) => {
      if (!after) return [];
      const deps = { connections: pool, dispatcher, after, newId: randomUUIDv7, log: scope.log };
      return [choreOf(() => startOrderExpiry(deps))];
    },
  });
});
