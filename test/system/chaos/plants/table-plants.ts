import type { Plant } from './plant.ts';

// Mistakes about what the table holds, and what is told of it.
export const tablePlants: readonly Plant[] = [
  {
    name: 'new-slot-without-scan',
    patches: [
      {
        file: 'relay/recovery/make-slot.ts',
        find: 'const positions = await unsettledPositions(ordinary, table);',
        replace: 'const positions = new BigInt64Array(0); void unsettledPositions;',
      },
    ],
    caughtBy: 'lost',
    weights: { dropSlot: 4, brokerLatency: 4 },
  },
  {
    name: 'parked-orders-outside-the-snapshot',
    patches: [
      {
        file: 'relay/recovery/make-slot.ts',
        find: 'const parked = await parkedOrders(ordinary, table);',
        replace: `await ordinary.query('COMMIT');
          await new Promise((done) => setTimeout(done, 500));
          const parked = await parkedOrders(ordinary, table);`,
      },
    ],
    caughtBy: 'reordered',
    weights: { retriedWhileSlotIsMade: 1 },
  },
  {
    name: 'ready-by-phase',
    patches: [
      {
        file: 'relay/monitoring/relay-monitor.ts',
        find: 'RELAY_STATES[this.state].ready && this.blocked === undefined;',
        replace: 'RELAY_STATES[this.state].ready;',
      },
    ],
    caughtBy: 'ready while stuck',
    weights: { rowsLockedLong: 1 },
  },
  {
    name: 'retention-never-goes-back',
    patches: [
      {
        file: 'src/core/table-sweep.ts',
        find: 'if (this.#block >= pieces * blocks) this.#block = 0;',
        replace: '',
      },
    ],
    caughtBy: 'table grows',
    // A process that begins anew begins anywhere, and would come by what the one before has left.
    weights: { brokerLatency: 1 },
    seconds: 150,
  },
];
