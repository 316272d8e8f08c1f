import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHealthServer } from '../../../relay/monitoring/health-server.ts';
import { Routing } from '../../../relay/outbox/routing.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { openLog } from '../../support/log-lines.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { startRelay } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

test('what only a person can end is one error line a try, slowly, and the same text at the readiness', async (t) => {
  const { url, name, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const { log, lines } = openLog();
  const wrong = Object.assign(new URL(url), { pathname: `/${name}_typo` }).href;
  const { monitor } = startRelay(t, { url: wrong, bus, parts: () => ({ log }) });
  const deps = {
    monitor,
    pool,
    table: OUTBOX,
    slot: 'none',
    publication: 'order_outbox',
    routing: new Routing('orders'),
  };
  const server = buildHealthServer(deps);
  cleanup(t, () => server.close());

  const told = () => lines.filter(({ msg }) => msg.includes('RELAY_DATABASE_URL'));
  await until('it is told twice', () => told().length >= 2);
  const ready = await server.inject('/health/ready');

  const [first, second] = told();
  assert.match(
    first?.msg ?? '',
    /^database "\w+_typo" does not exist \(3D000\): correct the database in RELAY_DATABASE_URL/,
  );
  assert.equal(second?.msg, first?.msg);
  for (const line of told()) {
    assert.equal(line.level, 'error');
    assert.ok((line.retryInMs ?? 0) >= 2_500);
  }
  assert.deepEqual(
    lines.filter(({ level, msg }) => level !== 'info' && msg !== first?.msg),
    [],
  );
  assert.equal(ready.statusCode, 503);
  assert.equal(ready.json().lastError.message, first?.msg);
  assert.equal(ready.json().lastError.code, '3D000');
});
