import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { noBrowser } from '../../../dev/browser.ts';
import { openPage } from '../../support/browser.ts';
import { openTestConsole, TOKEN, TOO_LARGE } from '../../support/console.ts';
import { insertEvent } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

const skip = noBrowser ?? false;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds, in a line each. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations: found, passes } = await page.evaluate<AxeResults>('axe.run()');
  assert.ok(passes.length > 10, `${passes.length} rules were looked at`);
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}

const widths = (page: Page) =>
  page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe-core finds nothing to say about the page in ${colorScheme}, a message, the runbook and a question`, {
    skip,
  }, async (t) => {
    const served = await openTestConsole(t, { mode: 'operate', token: TOKEN });
    await insertEvent(served.pool, 'Poison', { aggregateId: 'o1', body: TOO_LARGE });
    await insertEvent(served.pool, 'Behind', { aggregateId: 'o1' });
    await insertEvent(served.pool, 'Accepted');
    const page = await openPage(t, { colorScheme });
    await page.goto(served.url);
    await page.getByText('1 message is parked, and 1 waits behind').waitFor();
    await page.locator('#rows').getByText('published').waitFor();

    assert.deepEqual(await violations(page), []);
    await page.locator('#rows').getByRole('button', { name: 'Accepted' }).click();
    await page.getByText('Journey').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Runbook: A message is parked' }).click();
    await page.locator('#panel').getByText('What to do').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await violations(page), []);
  });
}

test('on a phone nothing is wider than the screen, also with a message open', { skip }, async (t) => {
  const served = await openTestConsole(t, { mode: 'operate', token: TOKEN });
  await insertEvent(served.pool, 'Poison', { aggregateId: 'o'.repeat(100), body: TOO_LARGE });
  const page = await openPage(t, { viewport: { width: 360, height: 740 } });
  await page.goto(served.url);
  await page.getByText('1 message is parked').waitFor();
  const isWhole = async () => {
    const [content, screen] = await widths(page);
    assert.ok(content <= screen, `${content} of ${screen}`);
  };

  await isWhole();
  await page.getByRole('button', { name: /^parked/ }).click();
  await page.locator('#rows').getByRole('button', { name: 'Poison' }).click();
  await page.locator('#panel').getByText('Message id').waitFor();
  await isWhole();
});

test('everything can be reached by the keyboard, and the theme is kept', { skip }, async (t) => {
  const served = await openTestConsole(t);
  await insertEvent(served.pool, 'Opened');
  const page = await openPage(t, { colorScheme: 'light' });
  await page.goto(served.url);
  await page.locator('#rows').getByText('published').waitFor();
  const theme = () => page.evaluate<string | undefined>('document.documentElement.dataset.theme');

  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await theme(), 'dark');
  await page.reload();
  assert.equal(await theme(), 'dark');

  await page.locator('#rows').getByText('published').waitFor();
  const focused = () => page.evaluate<string>('document.activeElement.textContent');
  for (let tabs = 0; (await focused()) !== 'Opened'; tabs++) {
    assert.ok(tabs < 20, 'the message is reached');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Opened' }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await focused(), 'Opened');
});

test('the charts begin with what was before the page', { skip }, async (t) => {
  const served = await openTestConsole(t);
  await until('some samples were taken', async () => {
    const [, json = ''] = /id="start">(.*?)<\/script>/.exec(await (await fetch(served.url)).text()) ?? [];
    return JSON.parse(json).history.at.length > 2;
  });
  const page = await openPage(t);

  await page.goto(served.url);

  for (const title of ['Events a second', 'Commit to accepted', 'Unsettled'])
    await page
      .getByRole('img', { name: `${title}, the last half hour` })
      .locator('canvas')
      .waitFor();
  assert.match(
    (await page.locator('figure', { hasText: 'Events a second' }).locator('.now').textContent()) ?? '',
    /^\d+$/,
  );
});
