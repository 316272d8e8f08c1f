import assert from 'node:assert/strict';
import { once } from 'node:events';
import { limits } from '../../../../dev/service-bus/limits.ts';
import { until } from '../../../support/until.ts';
import { detachOf, RawClient } from '../raw-client.ts';
import { openBroker } from '../support.ts';
import { conforms } from './conforms.ts';
import { protocolGuide } from './sources.ts';

conforms(protocolGuide, 'a connection that puts no token within 20 seconds is closed', async (t) => {
  assert.equal(limits.tokenWithinMs.value, 20_000);
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { tokenWithinMs: 150 } });
  const withToken = new RawClient(t, bus);
  await withToken.putToken('q');
  const without = new RawClient(t, bus);

  await until('it is closed', () => without.closedWith !== undefined);

  // The time of the one that has a token was over before.
  assert.equal(without.closedWith, 'amqp:connection:forced');
  await withToken.openSender('q');
});

conforms(protocolGuide, 'a token that expires takes the links of its entity with it', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }, { name: 'other' }] });
  const raw = new RawClient(t, bus);
  const other = await raw.openSender('other');
  const sender = await raw.openSender('q');
  const receiver = raw.connection.open_receiver({ source: 'q' });
  await once(receiver, 'receiver_open');

  await raw.putToken('q', Date.now() + 2_000);
  const detached = await Promise.all([detachOf(sender), detachOf(receiver)]);

  assert.match(
    detached[0] ?? '',
    /^amqp:link:detach-forced: .*RenewToken.*'Send' claim.*'sb:\/\/localhost\/q'/,
  );
  assert.match(detached[1] ?? '', /^amqp:link:detach-forced: .*RenewToken.*'Listen' claim/);
  assert.equal(await raw.send(other, { body: 'x' }), 'accepted');
});

conforms(protocolGuide, 'a token that is replaced in time keeps its links', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const raw = new RawClient(t, bus);
  const expiresAt = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
  const sender = await raw.openSender('q', expiresAt);

  await raw.putToken('q');
  await until('the first one has expired', () => Date.now() > expiresAt + 100);

  assert.equal(await raw.send(sender, { body: 'x' }), 'accepted');
});
