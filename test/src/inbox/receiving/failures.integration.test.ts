import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Fault } from '../../../../dev/service-bus/faults.ts';
import { until } from '../../../support/until.ts';
import { aborted, complete, leftAt, numbered, openBus, type StartOptions, send, start } from './support.ts';

for (const sessions of [true, false]) {
  const kind = sessions ? 'with sessions' : 'without sessions';
  const queue = sessions ? 'sessions' : 'plain';
  const messages = (from: number, count: number) =>
    numbered(from + count, sessions ? 's' : undefined).slice(from);

  /** Receivers that complete everything, and the ids of what they have handled. */
  const open = async (t: TestContext, options: Partial<StartOptions> = {}, lockDurationMs = 60_000) => {
    const bus = await openBus(t, { lockDurationMs });
    const handled: string[] = [];
    const subject = start(t, bus, {
      sessions,
      handle: ({ messageId }) => {
        handled.push(String(messageId));
        return complete;
      },
      ...options,
    });
    return { bus, handled, subject };
  };

  const REFUSALS: [string, Fault, string][] = [
    ['the service is busy', { kind: 'busyAttach' }, 'ServiceBusy'],
    ['the entity is missing', { kind: 'notFound', at: 'attach' }, 'MessagingEntityNotFound'],
    ['the entity is disabled', { kind: 'disabled', at: 'attach' }, 'MessagingEntityDisabled'],
    ['the token is refused', { kind: 'unauthorized', at: 'putToken' }, 'UnauthorizedAccess'],
    ['nobody listens', { kind: 'refuseConnections' }, 'GeneralError'],
  ];

  for (const [name, fault, code] of REFUSALS) {
    test(`${kind}, while ${name} it is waited for, and then it goes on by itself`, async (t) => {
      const bus = await openBus(t);
      const refusal = bus.faults.inject(fault);
      const handled: string[] = [];
      const subject = start(t, bus, {
        sessions,
        handle: ({ messageId }) => {
          handled.push(String(messageId));
          return complete;
        },
      });
      await until('it was tried again', () => subject.errors.length >= 2);
      refusal.heal();
      await send(bus, queue, messages(0, 1));
      await until('it is handled', () => handled.length === 1);

      assert.equal(subject.states[0], code);
      assert.equal(subject.states.at(-1), 'receives');
    });
  }

  for (const fault of ['closeIdle', 'detachReceivers'] as const) {
    test(`${kind}, after ${fault} it goes on by itself`, async (t) => {
      const { bus, handled } = await open(t);
      await send(bus, queue, messages(0, 3));
      await until('the first are handled', () => handled.length === 3);

      bus.faults.inject({ kind: fault });
      await send(bus, queue, messages(3, 3));
      await until('the others are handled', () => new Set(handled).size === 6);

      await until('all are completed', async () => (await leftAt(bus, queue)).waiting.length === 0);
    });

    test(`${kind}, what is handled while ${fault} strikes is settled in the end`, async (t) => {
      const handled: number[] = [];
      const struck = Promise.withResolvers<void>();
      const bus = await openBus(t, { lockDurationMs: 2_000 });
      const subject = start(t, bus, {
        sessions,
        handle: async ({ deliveryCount }, lost) => {
          handled.push(deliveryCount);
          // It has noticed: what is settled before that is never answered.
          if (handled.length === 1) await (sessions ? aborted(lost) : struck.promise);
          return complete;
        },
      });
      await send(bus, queue, messages(0, 1));
      await until('it is in hand', () => handled.length === 1);

      bus.faults.inject({ kind: fault });
      if (!sessions) await until('it is noticed', () => subject.errors.length > 0);
      struck.resolve();

      await until('it is completed', async () => (await leftAt(bus, queue)).waiting.length === 0);
      assert.equal(handled[0], 1);
    });
  }

  test(`${kind}, a frozen network is waited out`, async (t) => {
    const { bus, handled } = await open(t, {}, 3_000);
    await send(bus, queue, messages(0, 1));
    await until('the first is handled', () => handled.length === 1);

    const frozen = bus.faults.inject({ kind: 'freeze' });
    const at = Date.now();
    await until('it is frozen for a while', () => Date.now() - at > 3_000);
    frozen.heal();
    await send(bus, queue, messages(1, 1));

    await until('the second is handled', () => handled.includes(sessions ? 's-2' : '2'));
  });

  test(`${kind}, a receiver that has gone deaf is made anew`, async (t) => {
    const { bus, handled, subject } = await open(t, {
      concurrency: 1,
      timing: { acceptMs: 1_000, waitMs: 200, deafAfterMs: 500, emptyMs: 1_000 },
    });
    await send(bus, queue, messages(0, 1));
    await until('the first is handled', () => handled.length === 1);
    if (!sessions) await until('it waits', () => subject.states.at(-1) === 'idle');

    bus.faults.inject({ kind: 'deafen' });
    await send(bus, queue, messages(1, 1));

    await until('the second is handled', () => handled.length === 2);
  });

  test(`${kind}, the handler is told that the lock is lost, and the message comes again`, async (t) => {
    const lost: boolean[] = [];
    const { bus } = await open(
      t,
      {
        concurrency: 1,
        handle: async (_message, signal) => {
          if (lost.length > 0) return complete;
          const frozen = bus.faults.inject({ kind: 'freeze' });
          await aborted(signal);
          lost.push(signal.aborted);
          frozen.heal();
          return { kind: 'release', afterMs: 0 };
        },
      },
      1_500,
    );
    await send(bus, queue, messages(0, 1));

    await until('it is completed', async () => (await leftAt(bus, queue)).waiting.length === 0);

    assert.deepEqual(lost, [true]);
  });

  test(`${kind}, nothing is received for as long as a release says`, async (t) => {
    const handledAt: number[] = [];
    const { bus } = await open(t, {
      concurrency: 1,
      handle: () => {
        handledAt.push(performance.now());
        return handledAt.length === 1 ? { kind: 'release', afterMs: 1_000 } : complete;
      },
    });
    await send(bus, queue, messages(0, 2));

    await until('all are completed', async () => (await leftAt(bus, queue)).waiting.length === 0);

    const [first = 0, second = 0] = handledAt;
    // Timers may be early by a millisecond.
    assert.ok(second - first >= 999, `${second - first}`);
    assert.equal(handledAt.length, 3);
  });
}

test('a session that is released comes again from where it was, and burns no delivery', async (t) => {
  const bus = await openBus(t, { maxDeliveryCount: 2 });
  await send(bus, 'sessions', numbered(5, 's'));
  const handled: string[] = [];

  start(t, bus, {
    handle: ({ messageId, deliveryCount }) => {
      handled.push(`${messageId} ${deliveryCount}`);
      const isReleased = messageId === 's-3' && handled.length < 6;
      return isReleased ? { kind: 'release', afterMs: 10 } : complete;
    },
  });
  await until('all are completed', async () => (await leftAt(bus, 'sessions')).waiting.length === 0);

  assert.deepEqual(handled, ['s-1 1', 's-2 1', 's-3 1', 's-3 1', 's-3 1', 's-3 1', 's-4 1', 's-5 1']);
});

test('whether sessions are required has to fit, and the error says which setting', async (t) => {
  const bus = await openBus(t);

  const without = start(t, bus, { queue: 'sessions', sessions: false, handle: () => complete });
  const within = start(t, bus, { queue: 'plain', sessions: true, handle: () => complete });
  await until('both are told', () => without.errors.length > 0 && within.errors.length > 0);

  for (const { errors } of [without, within]) {
    assert.equal(errors[0]?.kind, 'operator');
    assert.match(errors[0]?.message ?? '', /INBOX_SESSIONS/);
  }
});
