import type { Plant } from '../plants/plant.ts';

const SESSIONS = 'src/inbox/receiving/receive-sessions.ts';
const HANDLER = 'src/inbox/handling/handler.ts';

/** Mistakes that an inbox, or what it brings messages to, could have. The rig is worth something only if it catches each of them. */
export const sagaPlants: readonly Plant[] = [
  {
    name: 'neighbours-in-one-tick',
    patches: [
      {
        file: 'src/inbox/receiving/settling-lane.ts',
        find: 'const settled = Promise.allSettled(this.#unanswered).then(settle);',
        replace: 'const settled = settle();',
      },
      {
        file: 'src/inbox/receiving/settling-lane.ts',
        find: 'return this.#track(this.#alone.then(complete));',
        replace: 'return this.#track(complete());',
      },
    ],
    caughtBy: 'dead letter missing',
    sessions: true,
    weights: { poison: 1 },
  },
  {
    name: 'complete-before-commit',
    patches: [
      {
        file: SESSIONS,
        find: 'const settlement = await hand.handle(message, lock.lost);',
        replace: `await settle(session, lane, message, { kind: 'complete' });
          await hand.handle(message, lock.lost);
          return;
          const settlement = undefined as never;`,
      },
    ],
    caughtBy: 'effect lost',
    sessions: true,
    weights: { killInbox: 4, restartPostgres: 2 },
  },
  {
    name: 'insert-after-the-receptor',
    patches: [
      {
        file: HANDLER,
        find: 'fate: await carryOut(consumer, message, once),',
        replace: `fate: await carryOut(consumer, message, once).then(async (fate) => {
          await inTransaction(connections, (db) => insertHandled(db, consumer, message, false));
          return fate;
        }),`,
      },
      {
        file: HANDLER,
        find: 'ask: async (db) => ((await insertHandled(db, consumer, message, inOrder)) ? undefined : true),',
        replace: `ask: async (db) => {
          const { messageId = '' } = message;
          const sql = "SELECT FROM inbox WHERE consumer = '" + consumer + "' AND message_id = '" + messageId + "'";
          return (await db.execute(sql)).rowCount > 0 ? true : undefined;
        },`,
      },
    ],
    caughtBy: 'effect twice',
    sessions: false,
    weights: { repeatAtOnce: 2, failpoint: 1 },
  },
  {
    name: 'short-dedupe-window',
    patches: [
      {
        file: 'src/inbox/serve-inbox.ts',
        find: 'const keepMs = parseRetention(config.INBOX_RETENTION);',
        replace: 'const keepMs = 2_000;',
      },
      {
        file: 'src/inbox/retention/inbox-retention.ts',
        find: 'const MINUTE_MS = 60_000;',
        replace: 'const MINUTE_MS = 1_000;',
      },
    ],
    caughtBy: 'effect twice',
    sessions: true,
    weights: { storm: 1 },
  },
  {
    name: 'abandon-on-database-failure',
    patches: [
      {
        file: SESSIONS,
        find: 'reception.pauseFor(settlement.afterMs);',
        replace: 'await lane.settleAlone(() => session.abandonMessage(message));',
      },
      {
        file: 'src/inbox/handling/failure-policy.ts',
        find: 'const PASSES: Policy = { tries: Number.POSITIVE_INFINITY,',
        replace: 'const PASSES: Policy = { tries: 1,',
      },
    ],
    caughtBy: 'dead-lettered',
    sessions: true,
    weights: { restartPostgres: 1 },
  },
  {
    name: 'subscribe-for-sessions',
    patches: [
      {
        file: SESSIONS,
        find: 'let most = 1;',
        replace: `await new Promise<void>((done) => {
          let idle: NodeJS.Timeout | undefined;
          session.subscribe(
            {
              processMessage: async (message) => {
                clearTimeout(idle);
                await receiveOne(message);
                idle = setTimeout(done, 200);
              },
              processError: async () => done(),
            },
            // So many sessions, one might think. It is so many messages of this one.
            { autoCompleteMessages: false, maxConcurrentCalls: 8 },
          );
        });
        return;
        let most = 1;`,
      },
    ],
    caughtBy: 'handled out of order',
    sessions: true,
    // What has to pile up is two events of one order.
    weights: { pauseInboxLong: 2, restartPostgres: 2, killInbox: 1 },
  },
  {
    name: 'swallow-unknown-outcome',
    patches: [
      {
        file: 'src/inbox/handling/failure-policy.ts',
        find: 'COMMIT_UNCERTAIN: PASSES,',
        replace: "COMMIT_UNCERTAIN: { tries: 1, consequence: 'ignore' },",
      },
    ],
    caughtBy: 'effect lost',
    sessions: true,
    weights: { swallowedCommit: 1 },
  },
  {
    name: 'state-machine-without-the-table',
    patches: [
      {
        file: 'src/orders/order-transitions.ts',
        find: 'return (Object.hasOwn(row, status) ? row[status] : undefined) ?? ORDER_TRANSITIONS[happening].Delivered;',
        replace: "return row['Pending'] ?? 'noted';",
      },
    ],
    caughtBy: 'state unexplained',
    weights: { shipments: 1 },
  },
  {
    name: 'release-twice',
    patches: [
      {
        file: 'examples/inventory-service/receptors.ts',
        find: "if (known.status !== 'reserved' && (known.status !== 'paid' || unlessPaid)) return NOTHING;",
        replace: "if (known.status === 'refused') return NOTHING;",
      },
    ],
    caughtBy: 'stock wrong',
    weights: { storm: 1 },
  },
];
