import type { FloorRequest } from '../programs/floor-relay.ts';
import { type RunningProcess, startWorker } from './processes.ts';
import type { RelayRig } from './relay-rig.ts';
import { untilSlot } from './slot.ts';

const SLOT = 'bench_floor';

/** Has the floor relay what is committed meanwhile, on a slot of its own. */
export async function withFloor<T>(
  { server, brokerUrl }: RelayRig,
  work: (floor: RunningProcess) => Promise<T>,
): Promise<T> {
  const { db, url } = server;
  await db.query(`SELECT pg_create_logical_replication_slot('${SLOT}', 'pgoutput')`);
  const floor = startWorker('floor', 'bench/programs/floor-relay.ts');
  await floor.ask({ url, slot: SLOT, connectionString: brokerUrl } satisfies FloorRequest);
  const result = await work(floor);
  await floor.stop();
  await untilSlot(db, SLOT, 'NOT active');
  await db.query(`SELECT pg_drop_replication_slot('${SLOT}')`);
  return result;
}
