import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBrowser } from '../../../dev/browser.ts';
import { openPage } from '../../support/browser.ts';
import { createStack, postOrder } from '../../support/stack.ts';

const skip = noBrowser ?? false;

test('an order is seen arriving; the broker is away and comes back, a relay is killed, and the page says each', {
  skip,
}, async (t) => {
  const stack = await createStack(t);
  const api = stack.startApi();
  const relay = stack.startRelay();
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    relay.ready(`${stack.relayUrl}/health/ready`),
  ]);
  const page = await openPage(t);
  await page.goto(stack.relayUrl);
  const part = (name: string) =>
    page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) });
  const row = (orderId: string) => page.locator('#rows tr', { hasText: orderId });
  await page.getByText('No event yet.').waitFor();

  const first = await postOrder(stack);
  await row(first.orderId).getByText('published').waitFor();
  await part('Service Bus').getByText('accepts').waitFor();
  await row(first.orderId).getByRole('button', { name: 'OrderCreated' }).click();
  const journey = page.getByRole('region', { name: 'Its journey' });
  for (const step of ['received', 'committed', 'decoded', 'sent', 'accepted', 'marked'])
    await journey.getByText(step, { exact: true }).waitFor();
  await page.locator('#panel').getByText('"cust-123"').waitFor();
  await page.keyboard.press('Escape');

  stack.bus.faults.inject({ kind: 'refuseConnections' });
  stack.bus.faults.inject({ kind: 'closeIdle' });
  const second = await postOrder(stack);
  const refusedAt = Date.now();
  await page.getByText('Service Bus takes nothing').first().waitFor();
  t.diagnostic(`The page said so ${Date.now() - refusedAt} ms after the order`);
  await part('Service Bus').getByText('away', { exact: true }).waitFor();
  await row(second.orderId).getByText('unsettled').waitFor();
  await page.getByRole('button', { name: 'Runbook: Service Bus is away' }).click();
  await page.locator('#panel').getByText('While nothing can be sent, the slot keeps WAL.').waitFor();
  await page.keyboard.press('Escape');

  stack.bus.faults.heal();
  await row(second.orderId).getByText('published').waitFor();
  await part('Service Bus').getByText('accepts').waitFor();
  assert.equal(await page.locator('#notices li').count(), 0);

  await relay.stop('SIGKILL');
  await page.getByText('the relay does not answer').waitFor();
  await stack.startRelay().ready(`${stack.relayUrl}/health/ready`);
  await page.getByText('live', { exact: true }).waitFor();
});
