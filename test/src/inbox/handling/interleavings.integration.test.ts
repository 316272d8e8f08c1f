import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import type { Database } from '../../../../src/db/database.ts';
import type { ReceivedMessage } from '../../../../src/inbox/received-message.ts';
import { openTcpProxy } from '../../../support/tcp-proxy.ts';
import { counted } from './messages.ts';
import { counts, createInboxDatabase, openHandler, waitingIds } from './open-handler.ts';

// Messages of one aggregate as a broker delivers them: the next one once the one before is settled, each maybe several times at once, to
// two processes, and again at any time later.

const RUNS = 25;

/** What happens the first time that a message is tried; a poisoned one fails each time. */
const faults = [
  'none',
  'throws',
  'poisoned',
  'serialization',
  'lock lost',
  'commit lost',
  'answer lost',
] as const;
type Fault = (typeof faults)[number];

interface Delivery {
  readonly fault: Fault;
  /** To which of the two processes it is delivered at the same time. */
  readonly to: readonly (0 | 1)[];
  /** The place of an earlier message that comes once more after it. */
  readonly again: number;
}

const process = fc.constantFrom(0 as const, 1 as const);
const deliveries: fc.Arbitrary<Delivery[]> = fc.array(
  fc.record({
    fault: fc.constantFrom(...faults),
    to: fc.array(process, { minLength: 1, maxLength: 3 }),
    again: fc.nat(100),
  }),
  { minLength: 1, maxLength: 8 },
);

for (const onFailure of ['continue', 'hold'] as const) {
  test(`through any faults and repeats each effect happens once and in order (${onFailure})`, async (t) => {
    const database = await createInboxDatabase(t);
    const proxy = await openTcpProxy(t, Number(new URL(database.url).port));
    const url = Object.assign(new URL(database.url), { port: String(proxy.port) }).href;
    let pending = new Map<number, Fault>();
    let cut: 'commit lost' | 'answer lost' | undefined;
    let isHealed = false;
    const losing = new Map<number, AbortController>();

    const behave = async (n: number, db: Database) => {
      const fault = pending.get(n) ?? 'none';
      if (fault === 'poisoned') {
        if (!isHealed) throw new Error(`${n} is poisoned`);
        return;
      }
      pending.delete(n);
      if (fault === 'throws') throw new Error(`${n} throws once`);
      if (fault === 'serialization') await db.execute(sql.raw(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`));
      if (fault === 'lock lost') losing.get(n)?.abort();
      if (fault === 'commit lost' || fault === 'answer lost') cut = fault;
    };
    proxy.onClientData = (data, link) => {
      if (cut === undefined || !/\bcommit\b/.test(data.toString('latin1'))) return;
      if (cut === 'commit lost') for (const socket of [link.client, link.server]) socket.destroy();
      else {
        link.muteServer();
        link.server.once('data', () => link.client.destroy());
      }
      cut = undefined;
    };
    const processes = [0, 1].map(() => openHandler(t, database, { url, behave, onFailure, connections: 3 }));
    const deliver = (message: ReceivedMessage, to: 0 | 1, lost?: AbortSignal) =>
      (processes[to] as (typeof processes)[0]).handle(message, lost);

    const history = fc.asyncProperty(deliveries, async (sent) => {
      await database.pool.query('TRUNCATE counts, inbox, outbox');
      pending = new Map(sent.map(({ fault }, n) => [n, fault]));
      isHealed = false;
      cut = undefined;
      const messages = sent.map((_, n) => counted(n, { messageId: `m${n}` }));
      for (const [n, { to, again }] of sent.entries()) {
        const message = messages[n] as ReceivedMessage;
        for (let isSettled = false; !isSettled; ) {
          const lost = new AbortController();
          losing.set(n, lost);
          const settled = await Promise.all(to.map((each) => deliver(message, each, lost.signal)));
          isSettled = settled.some(({ kind }) => kind !== 'release');
        }
        const earlier = again % (n + 1);
        // What was dead-lettered does not come again.
        if (onFailure === 'hold' || sent[earlier]?.fault !== 'poisoned') {
          assert.deepEqual(await deliver(messages[earlier] as ReceivedMessage, 0), { kind: 'complete' });
        }
      }

      const numbers = sent.map((_, n) => n);
      const poisoned = numbers.filter((n) => sent[n]?.fault === 'poisoned');
      if (onFailure === 'continue') {
        assert.deepEqual(
          await counts(database.pool),
          numbers.filter((n) => !poisoned.includes(n)),
        );
        return;
      }
      const handled = numbers.slice(0, poisoned[0] ?? numbers.length);
      assert.deepEqual(await counts(database.pool), handled);
      const waiting = await waitingIds(database.pool);
      assert.deepEqual(
        waiting,
        numbers.slice(handled.length).map((n) => `m${n}`),
      );
      isHealed = true;
      await Promise.all(processes.map((each) => each.waiting.retry('queue', waiting.at(-1) ?? '')));
      assert.deepEqual(await counts(database.pool), numbers);
      assert.equal((await database.pool.query('SELECT FROM outbox')).rowCount, numbers.length);
    });
    await fc.assert(history, { numRuns: RUNS });
  });
}
