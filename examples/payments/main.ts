import { serviceNameConfig } from '../../src/core/config.ts';
import { runProcess } from '../../src/core/lifecycle.ts';
import { readMigrations } from '../../src/db/migrations.ts';
import { inboxConfigOf } from '../../src/inbox/config.ts';
import { serveInbox } from '../../src/inbox/serve-inbox.ts';
import { consumedEvents, receptors } from './payments.ts';

const config = inboxConfigOf({ SERVICE_NAME: serviceNameConfig('PaymentService') });

await runProcess(config, process.env, async (scope) => {
  const migrations = readMigrations(`${import.meta.dirname}/drizzle`);
  await serveInbox(scope, { receptors, events: consumedEvents, migrations });
});
