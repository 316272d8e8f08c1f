import { test } from 'node:test';
import { restartUnderLoad } from './restarts.ts';

test('PostgreSQL crashed and stopped 4 times under load: nothing acknowledged is lost, nothing is sent twice', async (t) => {
  await restartUnderLoad(t, 4);
});
