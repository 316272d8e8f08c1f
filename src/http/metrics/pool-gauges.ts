import { Gauge, type Registry } from 'prom-client';

/** What a pool of database connections says of itself. */
export interface PoolFigures {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

/** How many connections a pool may have, how many it has in use and idle, and how many callers wait for one. */
export function poolGauges(pool: PoolFigures, registers: Registry[]): void {
  const STATE = 'db_client_connection_state';
  new Gauge({
    name: 'db_client_connection_count',
    help: 'Database connections of the pool, by state.',
    labelNames: [STATE],
    registers,
    collect() {
      this.set({ [STATE]: 'used' }, pool.totalCount - pool.idleCount);
      this.set({ [STATE]: 'idle' }, pool.idleCount);
    },
  });
  new Gauge({
    name: 'db_client_connection_max',
    help: 'Database connections that the pool may have.',
    registers,
    collect() {
      this.set(pool.options.max);
    },
  });
  new Gauge({
    name: 'db_client_connection_pending_requests',
    help: 'Callers that wait for a database connection.',
    registers,
    collect() {
      this.set(pool.waitingCount);
    },
  });
}
