import { processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { acceptedSince } from '../support/latency.ts';
import { prepareRows } from '../support/outbox-rows.ts';
import { startWorker } from '../support/processes.ts';
import { measureDrain, openRelayRig, type RelayRig } from '../support/relay-rig.ts';
import { openServer, type Server } from '../support/server.ts';
import { untilSlot } from '../support/slot.ts';

const PEER = { schema: 'peer', slot: 'bench_peer', publication: 'bench_peer' };
/** The peer gets fewer, since its rate does not depend on how many they are. */
const PEER_SHARE = 1 / 20;
/** The best of 4, 16, 32 and 64 that was found. */
const AT_ONCE = 32;

// The tables and the publication that its `DatabaseSetup` makes.
const SETUP = `
  CREATE SCHEMA peer;
  CREATE TABLE peer.outbox (
    id uuid PRIMARY KEY, aggregate_type text NOT NULL, aggregate_id text NOT NULL, message_type text NOT NULL, segment text,
    concurrency text NOT NULL DEFAULT 'sequential', payload jsonb NOT NULL, metadata jsonb,
    locked_until timestamptz NOT NULL DEFAULT to_timestamp(0), created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    processed_at timestamptz, abandoned_at timestamptz,
    started_attempts smallint NOT NULL DEFAULT 0, finished_attempts smallint NOT NULL DEFAULT 0);
  CREATE PUBLICATION bench_peer FOR TABLE peer.outbox WITH (publish = 'insert');
  CREATE PROCEDURE peer.fill(count int) LANGUAGE plpgsql AS $$
  BEGIN
    FOR i IN 1..count LOOP
      INSERT INTO peer.outbox (id, aggregate_type, aggregate_id, message_type, payload)
        SELECT gen_random_uuid(), 'order', md5(i::text), 'OrderCreated', body FROM public.bench_bodies WHERE number = 1 + i % 1000;
      COMMIT;
    END LOOP;
  END $$`;

export const relayPeer: Figure = {
  name: 'relay.peer',
  what: 'the backlog, beside the package pg-transactional-outbox in WAL mode sending through the same SDK',
  size: 100_000,
  async open(size) {
    const rig = await openRelayRig({ keep: size });
    const server = await openServer();
    await prepareRows(server);
    await server.db.query(SETUP);
    const peer = (atOnce: number) => () => drainByPeer(server, rig, Math.ceil(size * PEER_SHARE), atOnce);
    return {
      sides: [
        { name: 'relay', measure: () => measureDrain(rig, size) },
        { name: 'as its README has it', measure: peer(1) },
        { name: 'at its best', measure: peer(AT_ONCE) },
      ],
      comparisons: [
        {
          name: 'as its README has it',
          value: 'rate',
          ours: 'relay',
          beside: 'as its README has it',
          aim: 25,
        },
        { name: `${AT_ONCE} at once`, value: 'rate', ours: 'relay', beside: 'at its best', aim: 25 },
      ],
      version: server.version,
      async close() {
        await server.close();
        await rig.close();
      },
    };
  },
};

async function drainByPeer(server: Server, rig: RelayRig, count: number, atOnce: number): Promise<Sample> {
  const { db, url } = server;
  await db.query('TRUNCATE peer.outbox');
  await db.query(`SELECT pg_create_logical_replication_slot('${PEER.slot}', 'pgoutput')`);
  await db.query('CALL peer.fill($1)', [count]);
  const total = await rig.broker.ask<number>({ kind: 'total' });
  const peer = startWorker('peer', 'bench/programs/peer.ts');
  await peer.ask({ url, connectionString: rig.brokerUrl, atOnce, ...PEER });
  await untilSlot(db, PEER.slot, 'active');
  const meter = startCpuMeter({ peer: () => processCpuUs(peer.pid), PostgreSQL: server.cpuUs });
  const startedAt = performance.now();
  await acceptedSince(rig.broker, total, count);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = meter(count);
  await peer.stop();
  await untilSlot(db, PEER.slot, 'NOT active');
  await db.query(`SELECT pg_drop_replication_slot('${PEER.slot}')`);
  return { values: { rate: count / seconds }, cpu };
}
