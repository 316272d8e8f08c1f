import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { commandLine } from './command-line.ts';
import { openStack, type Stack } from './stack.ts';
import { tutorialOrder } from './tutorial-order.ts';

const USAGE = `The pictures of docs/images, made anew: npm run screenshots
It starts the whole system, lets orders through and looks at the console in a Chromium. Linux on x64 only.
`;
const FOLDER = 'docs/images';
const TOKEN = 'a-token-for-the-screenshots';
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const PATIENCE_MS = 120_000;
/** The charts should have something to show. */
const LOAD_FOR_MS = 75_000;

commandLine(USAGE, {});
mkdirSync(FOLDER, { recursive: true });
const stack = await openStack();
const browser = await openBrowser();
try {
  await takeAll(stack, browser);
} finally {
  await browser.close();
  await stack.close();
}

async function takeAll({ bus, apiUrl, relayUrl, ...rest }: Stack, chrome: Browser): Promise<void> {
  const api = rest.startApi();
  const relay = rest.startRelay({ RELAY_CONSOLE: 'operate', RELAY_CONSOLE_TOKEN: TOKEN });
  await Promise.all([api.ready(`${apiUrl}/health/ready`), relay.ready(`${relayUrl}/health/ready`)]);
  const load = new AbortController();
  const loaded = placeOrders(apiUrl, load.signal);
  loaded.catch(() => load.abort()); // what went wrong before is told
  await sleep(LOAD_FOR_MS);
  const look = (colorScheme: 'light' | 'dark', viewport = DESKTOP) =>
    openConsole(chrome, relayUrl, { colorScheme, viewport });
  const light = await look('light');
  await take(light, 'light');
  await take(await look('dark'), 'dark');
  await take(await look('light', PHONE), 'phone');

  bus.faults.inject({ kind: 'refuseConnections' });
  bus.faults.inject({ kind: 'closeIdle' });
  await light.getByText('Service Bus takes nothing').first().waitFor();
  await sleep(6_000);
  await take(light, 'broker-away');
  bus.faults.heal();
  await light.getByText('accepts').waitFor();

  load.abort();
  await loaded;
  bus.faults.inject({ kind: 'sizeExceeded', times: 1 });
  const { orderId } = await placeOrder(apiUrl);
  await cancelOrder(apiUrl, orderId);
  const dark = await look('dark');
  await dark.getByText('1 message is parked').waitFor();
  await dark.evaluate(
    (who) => sessionStorage.setItem('operator', who),
    JSON.stringify({ by: 'Ada', token: TOKEN }),
  );
  await dark.reload();
  await dark.getByRole('button', { name: 'parked', exact: false }).first().click();
  await dark.locator('#rows tr', { hasText: 'too large' }).getByRole('button').click();
  await dark.getByText('Other events of its order').waitFor();
  await take(dark, 'parked');
  await dark.keyboard.press('Escape');
  await dark.getByRole('button', { name: 'newest' }).click();
  await dark.locator('#rows').getByRole('button', { name: 'OrderCreated' }).nth(1).click();
  await dark.getByText('Journey').waitFor();
  await take(dark, 'journey');
}

async function openConsole(
  chrome: Browser,
  url: string,
  options: { colorScheme: 'light' | 'dark'; viewport: { width: number; height: number } },
): Promise<Page> {
  const page = await chrome.newPage({ locale: 'en-US', ...options });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(url);
  await page.locator('#rows tr').first().waitFor();
  await sleep(2_500); // what has just arrived is no longer marked as new
  return page;
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${FOLDER}/console-${name}.png`, animations: 'disabled' });
  console.log(`${FOLDER}/console-${name}.png`);
}

/** A few at a time, as many as somebody would see on an ordinary day. */
async function placeOrders(apiUrl: string, stopped: AbortSignal): Promise<void> {
  for (let n = 0; !stopped.aborted; n++) {
    await placeOrder(apiUrl);
    await sleep(25 + 20 * Math.sin(n / 90));
  }
}

async function placeOrder(apiUrl: string): Promise<{ orderId: string }> {
  const answer = await fetch(`${apiUrl}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tutorialOrder),
  });
  return (await answer.json()) as { orderId: string };
}

async function cancelOrder(apiUrl: string, orderId: string): Promise<void> {
  await fetch(`${apiUrl}/api/orders/${orderId}/cancel`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
}
