import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { CERTIFICATES } from '../../support/certificates/files.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { presentCertificate } from '../../support/present-certificate.ts';
import { createBus, insertEvent, startRelay, untilArrived, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkLoadDelivered } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';
import { untilToldAndTried } from '../support/told.ts';

test('a server without TLS, then with a certificate of another host, is told; with the right one the relay goes on', async (t) => {
  const { postgres, ...database } = await createCluster(t);
  const server = { dataDir: postgres.dataDir, pool: database.pool };
  const bus = await createBus(t);
  const load = startLoad(t, database.url);

  const url = `${database.url}?sslmode=verify-full&sslrootcert=${CERTIFICATES.ca}`;
  const relay = startRelay(t, { url, bus });
  await untilToldAndTried(relay, /does not support SSL/);
  await presentCertificate(server, 'elsewhere');
  await untilToldAndTried(relay, 'ERR_TLS_CERT_ALTNAME_INVALID');
  await presentCertificate(server, 'server');
  await untilStreaming(relay);

  assert.deepEqual(await checkLoadDelivered(bus, load), []);
  const { rows } = await database.pool.query(
    'SELECT ssl FROM pg_stat_ssl JOIN pg_replication_slots ON pid = active_pid',
  );
  assert.deepEqual(rows, [{ ssl: true }]);
});

test('a server that lets nobody in without TLS is told, and the URL that is advised gets in', async (t) => {
  const { postgres, url, pool } = await createCluster(t);
  await presentCertificate({ dataDir: postgres.dataDir, pool }, 'server');
  writeFileSync(
    join(postgres.dataDir, 'pg_hba.conf'),
    'host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 trust\n',
  );
  await pool.query(
    `CREATE ROLE encrypted LOGIN SUPERUSER; GRANT ALL ON ALL TABLES IN SCHEMA public TO encrypted; SELECT pg_reload_conf()`,
  );
  const plain = Object.assign(new URL(url), { username: 'encrypted' }).href;

  const refused = startRelay(t, { url: plain, bus: new MemoryPublisher(), slot: 'tls' });
  await untilToldAndTried(
    refused,
    /no encryption \(28000\): the server may want TLS: .*\?sslmode=verify-full/,
  );
  await refused.stop();
  const advised = `${plain}?sslmode=verify-full&sslrootcert=${CERTIFICATES.ca}`;
  const relay = startRelay(t, { url: advised, bus: new MemoryPublisher(), slot: 'tls' });

  await untilStreaming(relay);
});

// The SDK reaches a namespace at port 5671, always: an address of its own keeps the test out of everybody's way.
const skip = process.platform !== 'linux' && 'needs the whole loopback network';

test('a broker with a certificate that is not trusted is told, and nothing is sent to it', {
  skip,
}, async (t) => {
  const bus = await createBus(t);
  const terminator = createServer(
    { cert: readFileSync(CERTIFICATES.server), key: readFileSync(CERTIFICATES.key) },
    (socket) => socket.pipe(connect(bus.port, 'localhost')).pipe(socket),
  );
  terminator.on('tlsClientError', () => undefined); // that is the test
  await new Promise<void>((done) => terminator.listen(5671, '127.0.0.2', done));
  cleanup(t, () => terminator.close());
  const { url, pool } = await createDatabase(t);
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await first.stop();
  await insertEvent(pool, 'Secret');

  const connectionString = bus.connectionString
    .replace(/localhost:\d+/, '127.0.0.2')
    .replace('UseDevelopmentEmulator=true;', '');
  const relay = startRelay(t, { url, bus: { ...bus, connectionString } });
  await until('the row says why, and it was tried again', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM outbox WHERE retry_count >= 2 AND error_message LIKE '%unable to verify the first certificate%'`,
    );
    return rowCount === 1;
  });
  assert.equal(relay.monitor.isReady, false);
  assert.equal(bus.journal.total, 0);
  await relay.stop();
  startRelay(t, { url, bus });

  await untilArrived(bus, 1);
});
