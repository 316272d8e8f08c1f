import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { noBrowser } from '../../../dev/browser.ts';
import { openPage } from '../../support/browser.ts';
import { openTestConsole, type TestConsole, TOKEN, TOO_LARGE } from '../../support/console.ts';
import { insertEvent } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

const skip = noBrowser ?? false;
const OPERATE = { mode: 'operate', token: TOKEN } as const;

const rows = (page: Page, text: string) => page.locator('#rows tr', { hasText: text });

async function signIn(page: Page, token: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Your name').fill('Ada');
  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
}

async function dropWith(page: Page, reason: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: /^Drop/ });
  await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name: 'Drop' }).click();
}

const stateOf = async ({ pool }: TestConsole, type: string) => {
  const { rows: found } = await pool.query<{ parked: boolean; dropped: boolean; error: string | null }>(
    'SELECT parked_at IS NOT NULL AS parked, dropped_at IS NOT NULL AS dropped, error_message AS error FROM outbox WHERE message_type = $1',
    [type],
  );
  return found[0];
};

test('a poison message is seen parked, retried, and dropped with a reason; what waits behind it goes on', {
  skip,
}, async (t) => {
  const served = await openTestConsole(t, OPERATE);
  const page = await openPage(t);
  await page.goto(served.url);

  await insertEvent(served.pool, 'Poison', { aggregateId: 'o1', body: TOO_LARGE });
  await insertEvent(served.pool, 'Behind', { aggregateId: 'o1' });
  await page.getByText('1 message is parked, and 1 waits behind').waitFor();
  await page.getByRole('button', { name: /^parked/ }).click();
  await rows(page, 'Poison').getByRole('button').click();
  await page.getByRole('button', { name: 'Retry' }).last().click();
  await signIn(page, TOKEN);
  await page.getByText('is to be sent again; what waits for it of order o1 follows').waitFor();

  await until(
    'it was tried and is parked again',
    () => served.logs.some(({ action }) => action === 'retry') && served.monitor.counts.parked === 2,
  );
  await until('the page shows it', async () => (await rows(page, 'Poison').count()) === 1);
  await page.getByLabel('Select Poison').check();
  await page.getByText('1 selected').waitFor();
  await page.getByRole('button', { name: 'Drop…' }).first().click();
  await dropWith(page, 'nobody needs it');
  await page.locator('#done').getByText('is given up and never sent').waitFor();
  await page.getByText('Nothing is parked.').waitFor();

  await until('what waited has arrived', () =>
    served.bus.journal.entries().some(({ subject }) => subject === 'Behind'),
  );
  assert.match((await stateOf(served, 'Poison'))?.error ?? '', /^dropped: nobody needs it/);
  assert.deepEqual(
    served.logs
      .filter(({ msg }) => msg === 'An operator has acted by the console')
      .map(({ by, action }) => [by, action]),
    [
      ['Ada', 'retry'],
      ['Ada', 'drop'],
    ],
  );
});

test('with a wrong token nothing is done, the page says so, and asks again', { skip }, async (t) => {
  const served = await openTestConsole(t, OPERATE);
  const page = await openPage(t);
  await insertEvent(served.pool, 'Poison', { body: TOO_LARGE });
  await page.goto(served.url);
  await page.getByText('1 message is parked').waitFor();
  await page.getByRole('button', { name: /^parked/ }).click();
  await page.getByLabel('Select Poison').check();

  await page.getByRole('button', { name: 'Drop…' }).first().click();
  await signIn(page, 'not the token at all');
  await page.getByRole('alert').getByText('This is not the token of RELAY_CONSOLE_TOKEN').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();

  assert.equal((await stateOf(served, 'Poison'))?.dropped, false);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.getByLabel('Select Poison').check();
  await page.getByRole('button', { name: 'Drop…' }).first().click();
  await signIn(page, TOKEN);
  await dropWith(page, 'none');
  await until('it is dropped', async () => (await stateOf(served, 'Poison'))?.dropped);
  assert.ok(!page.url().includes('token'));
  assert.deepEqual(await page.context().cookies(), []);
});

test('a replay is sent only after its dry run, and a set-back is confirmed only after a question', {
  skip,
}, async (t) => {
  const served = await openTestConsole(t, OPERATE);
  const page = await openPage(t);
  await insertEvent(served.pool, 'Replayed');
  await page.goto(served.url);
  await rows(page, 'Replayed').getByText('published').waitFor();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await signIn(page, TOKEN);

  await page.getByLabel('From').fill('2020-01-01T00:00:00Z');
  await page.getByLabel('To', { exact: true }).fill('2100-01-01T00:00:00Z');
  assert.equal(await page.getByRole('button', { name: /^Send/ }).count(), 0);
  await page.getByRole('button', { name: 'Dry run' }).click();
  await page.getByText('1 messages would be sent again. Nothing was changed.').waitFor();
  assert.equal(served.bus.journal.total, 1);
  await page.getByRole('button', { name: 'Send 1 again' }).click();
  await until('it arrives again', () => served.bus.journal.total === 2);

  await page.getByRole('button', { name: 'Confirm this database…' }).click();
  await page
    .getByRole('dialog', { name: 'Go on with this database?' })
    .getByRole('button', { name: 'Confirm' })
    .click();
  await page.getByText('goes on with this database').waitFor();
});
