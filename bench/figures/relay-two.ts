import { processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { fillOutbox } from '../support/outbox-rows.ts';
import { startWorker } from '../support/processes.ts';
import { openRelayRig, type RelayRig } from '../support/relay-rig.ts';
import { untilSlot, untilStreaming } from '../support/slot.ts';

const SLOT = 'bench_part';
// A row filter takes what is built in and immutable; an event of no order belongs to the first.
const PART = (n: number) => `abs(hashtext(coalesce(aggregate_id, '')) % 2) = ${n}`;
const WHOLE = 'order_outbox';
const PARTS = ['bench_part_0', 'bench_part_1'];

export const relayTwo: Figure = {
  name: 'relay.two',
  what: 'the backlog through two slots, each with half of the orders, beside one slot with all: decoded and sent, not marked',
  size: 200_000,
  async open(size) {
    const rig = await openRelayRig();
    const { db, version } = rig.server;
    for (const [n, name] of PARTS.entries()) {
      await db.query(
        `CREATE PUBLICATION ${name} FOR TABLE outbox WHERE (${PART(n)}) WITH (publish = 'insert')`,
      );
    }
    const { rows } = await db.query<{ from: string }>(
      `SELECT lsn AS from FROM pg_create_logical_replication_slot('${SLOT}_first', 'pgoutput')`,
    );
    await fillOutbox(rig.server, size);
    const from = rows[0]?.from ?? '';
    return {
      sides: [
        { name: 'two', measure: () => publish(rig, from, PARTS, size) },
        { name: 'one', measure: () => publish(rig, from, [WHOLE], size) },
      ],
      comparisons: [{ name: 'two beside one', value: 'rate', ours: 'two', beside: 'one' }],
      version,
      close: () => rig.close(),
    };
  },
};

async function publish(
  rig: RelayRig,
  from: string,
  publications: readonly string[],
  count: number,
): Promise<Sample> {
  const { server, broker, brokerUrl: connectionString } = rig;
  const { db, url } = server;
  const parts = await Promise.all(
    publications.map(async (publication, n) => {
      const slot = `${SLOT}_${n}`;
      await db.query(`SELECT pg_copy_logical_replication_slot('${SLOT}_first', $1)`, [slot]);
      const filter = publication === WHOLE ? 'true' : PART(n);
      const { rows } = await db.query<{ count: number }>(`SELECT count(*)::int FROM outbox WHERE ${filter}`);
      const worker = startWorker(`part-${n}`, 'bench/programs/slot-publisher.ts');
      return {
        slot,
        worker,
        request: { url, slot, publication, from, count: rows[0]?.count, connectionString },
      };
    }),
  );
  const others = startCpuMeter({ PostgreSQL: server.cpuUs, broker: () => processCpuUs(broker.pid) });
  const done = Promise.all(parts.map(({ worker, request }) => worker.ask(request)));
  const started = await Promise.all(parts.map(({ slot }) => untilStreaming(db, slot)));
  const ours = startCpuMeter({
    relays: () => parts.reduce((sum, { worker }) => sum + processCpuUs(worker.pid), 0),
  });
  await done;
  const seconds = (performance.now() - Math.min(...started)) / 1_000;
  const cpu = { ...ours(count), ...others(count) };
  for (const { slot, worker } of parts) {
    await worker.stop();
    await untilSlot(db, slot, 'NOT active');
    await db.query('SELECT pg_drop_replication_slot($1)', [slot]);
  }
  return { values: { rate: count / seconds }, cpu };
}
