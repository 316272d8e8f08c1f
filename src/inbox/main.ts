import { runProcess } from '../core/lifecycle.ts';
import { parseRetention } from '../core/retention-period.ts';
import { receptors } from '../receptors/registry.ts';
import { inboxConfig } from './config.ts';
import { consumedEvents } from './consumed-events.ts';
import { orderExpiry } from './expiry/order-expiry.ts';
import { serveInbox } from './serve-inbox.ts';

await runProcess(inboxConfig, process.env, async (scope) => {
  const { ORDER_EXPIRES_AFTER: text } = scope.config;
  const ms = text === undefined ? undefined : parseRetention(text);
  await serveInbox(scope, {
    receptors,
    events: consumedEvents,
    expiry: text === undefined || ms === undefined ? undefined : orderExpiry({ text, ms }),
  });
});
