import { Type } from '@sinclair/typebox';
import { runProcess } from '../../src/core/lifecycle.ts';
import { readMigrations } from '../../src/db/migrations.ts';
import { inboxProperties, inboxRequirement } from '../../src/inbox/config.ts';
import { serveInbox } from '../../src/inbox/serve-inbox.ts';
import { consumedEvents, receptors } from './payments.ts';

const config = Type.Object(
  {
    ...inboxProperties,
    SERVICE_NAME: Type.String({ default: 'PaymentService', minLength: 1, description: 'a name' }),
  },
  inboxRequirement,
);

await runProcess(config, process.env, async (scope) => {
  const migrations = readMigrations(`${import.meta.dirname}/drizzle`);
  await serveInbox(scope, { receptors, events: consumedEvents, migrations });
});
