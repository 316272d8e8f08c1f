import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import type { WalStream } from '../../../relay/replication/stream.ts';
import type { SessionDeps } from '../../../relay/session/action-runner.ts';
import { Session } from '../../../relay/session/session.ts';
import { createLogger } from '../../../src/core/log.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { openState } from './relay-state-stage.ts';

test('after its end a session takes nothing in: what it would not send must not count as handled', async () => {
  const session = openSession();
  const stopping = new AbortController();
  const run = session.run(undefined, stopping.signal);
  session.onKeepalive(20n);
  assert.equal(session.handledLsn, 20n);

  stopping.abort();
  await run;
  session.onEvent({ kind: 'begin', commitLsn: 30n, xid: 7, committedAt: 0 });
  session.onEvent({ kind: 'commit', endLsn: 31n });
  session.onKeepalive(40n);

  assert.equal(session.handledLsn, 20n);
});

/** On a stream that nothing comes from but what the test hands to the session. */
function openSession(): Session {
  const stream = {
    ended: new Promise<void>(() => undefined),
    attach: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    confirm: () => undefined,
    confirmLast: async () => undefined,
  } satisfies Partial<WalStream>;
  return new Session({
    stream,
    state: openState(),
    publisher: new MemoryPublisher(),
    monitor: new RelayMonitor(),
    log: createLogger({ level: 'silent', service: 'test' }),
  } as unknown as SessionDeps);
}
