import { test } from 'node:test';
import { forceReconnects } from './reconnects.ts';

test('a connection to PostgreSQL that is ended 1,000 times under load loses, repeats and leaks nothing', async (t) => {
  await forceReconnects(t, 1_000);
});
