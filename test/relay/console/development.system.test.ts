import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBrowser } from '../../../dev/browser.ts';
import { openConsoleControl } from '../../../dev/console-control.ts';
import { RevivedRelay } from '../../../dev/revived-relay.ts';
import { openPage } from '../../support/browser.ts';
import { openTestConsole } from '../../support/console.ts';
import { createStack } from '../../support/stack.ts';

const skip = noBrowser ?? false;

test('a newcomer places an order, stops the broker and kills the relay from the page, and sees it recover', {
  skip,
}, async (t) => {
  const stack = await createStack(t);
  const stopping = new AbortController();
  const control = await openConsoleControl({ stack, killRelay: () => relay.kill() });
  t.after(() => control.close());
  const relay = new RevivedRelay(
    () => stack.startRelay({ RELAY_CONSOLE_DEV_URL: control.url }),
    () => undefined,
    stopping.signal,
  );
  t.after(() => stopping.abort());
  const api = stack.startApi();
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    relay.running.ready(`${stack.relayUrl}/health/ready`),
  ]);
  const page = await openPage(t);
  await page.goto(stack.relayUrl);
  const button = (name: string) => page.getByRole('button', { name });

  await button('Place an order').click();
  await page.getByText('Placed the order').waitFor();
  await page.locator('#rows').getByText('published').waitFor();
  await button('Stop the broker').click();
  await page.getByText('The broker is stopped').waitFor();
  await button('Place an order').click();
  await page.getByText('Service Bus takes nothing').first().waitFor();
  await button('Start the broker').click();
  await page.locator('#rows').getByText('unsettled').waitFor({ state: 'detached' });
  await button('Kill the relay').click();

  await page.getByText('the relay does not answer').waitFor();
  await page.getByText('live', { exact: true }).waitFor();
});

test('without its URL the page has no such buttons, and may ask nobody else', async (t) => {
  const devUrl = 'http://127.0.0.1:40000';
  for (const [options, allowed] of [
    [{}, `connect-src 'self';`],
    [{ devUrl }, `connect-src 'self' ${devUrl};`],
  ] as const) {
    const answer = await fetch((await openTestConsole(t, options)).url);
    assert.ok(answer.headers.get('content-security-policy')?.includes(allowed));
    assert.equal((await answer.text()).includes(devUrl), 'devUrl' in options);
  }
});
