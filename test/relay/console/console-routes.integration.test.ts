import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { countStandbys, relayConnectionName } from '../../../relay/console/relay-instances.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { cleanup } from '../../support/cleanup.ts';
import { openTestConsole, type TestConsole, TOKEN, TOO_LARGE } from '../../support/console.ts';
import { createDatabase } from '../../support/database.ts';
import { insertEvent, untilAllMarked } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

type Found = {
  messages: { messageId: string; messageType: string; state: string; errorMessage: string | null }[];
};

const OPERATE = { mode: 'operate', token: TOKEN } as const;

async function ask<T>({ url }: TestConsole, path: string, token?: string): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
  });
  return (await response.json()) as T;
}

async function act({ url }: TestConsole, action: string, body: object, token: string | undefined = TOKEN) {
  const response = await fetch(`${url}/console/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ by: 'Ada', ...body }),
  });
  const answer = (await response.json()) as {
    code?: string;
    message?: string;
    results?: { done: boolean; text: string }[];
  };
  return { status: response.status, ...answer };
}

const types = async (page: TestConsole, query: string) =>
  (await ask<Found>(page, `/console/messages?${query}`)).messages.map(({ messageType }) => messageType);

const untilPublished = (page: TestConsole, find: string) =>
  until('it is published', async () => {
    const { messages } = await ask<Found>(page, `/console/messages?find=${find}`);
    return messages[0]?.state === 'published';
  });

/** A parked message, and one behind it of the same order. */
async function park(page: TestConsole): Promise<{ parked: string; behind: string }> {
  const parked = await insertEvent(page.pool, 'TooLarge', { aggregateId: 'o1', body: TOO_LARGE });
  const behind = await insertEvent(page.pool, 'Behind', { aggregateId: 'o1' });
  await until(
    'one is parked and one waits',
    async () =>
      (await types(page, 'list=waiting')).includes('Behind') &&
      (await types(page, 'list=parked')).includes('TooLarge'),
  );
  return { parked, behind };
}

test('the page comes with a strict policy, and with what there is to see', async (t) => {
  const page = await openTestConsole(t);

  const response = await fetch(page.url);
  const html = await response.text();

  assert.match(
    response.headers.get('content-security-policy') ?? '',
    /^default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'$/,
  );
  const [, json = ''] = /<script type="application\/json" id="start">(.*?)<\/script>/.exec(html) ?? [];
  const start = JSON.parse(json);
  assert.equal(start.mode, 'read');
  assert.equal(start.overview.state, 'streaming');
  assert.deepEqual(
    start.overview.flow.map(({ name }: { name: string }) => name),
    ['api', 'PostgreSQL', 'relay', 'Service Bus'],
  );
  assert.ok(Array.isArray(start.history.published));
  for (const [, path = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const file = await fetch(page.url + path);
    assert.equal(file.status, 200, path);
    assert.ok(file.headers.get('content-security-policy'), path);
  }
  assert.equal((await fetch(`${page.url}/console/..%2fflow.ts`)).status, 404);
});

test('what is in a message cannot end the element that holds it', async (t) => {
  const page = await openTestConsole(t);
  await insertEvent(page.pool, '</script><script>alert(1)</script>');

  assert.doesNotMatch(await (await fetch(page.url)).text(), /<script>alert/);
});

test('whoever looks is told of each second, and of what arrives', async (t) => {
  const page = await openTestConsole(t);
  const response = await fetch(`${page.url}/console/live`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  cleanup(t, () => reader?.cancel());
  await insertEvent(page.pool, 'Arrived');

  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let told = '';
  await until('the event is told', async () => {
    told += (await reader?.read())?.value ?? '';
    return told.includes('"messageType":"Arrived"') && told.includes('"published":1');
  });
});

test('messages are found by list, id, order, correlation id and type', async (t) => {
  const page = await openTestConsole(t);
  const { parked } = await park(page);
  const correlation = randomUUIDv7();
  await page.pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, correlation_id) VALUES ($1, 'Other', '{}', 'o2', $2)`,
    [randomUUIDv7(), correlation],
  );
  await untilPublished(page, correlation);

  assert.deepEqual(await types(page, 'list=parked'), ['TooLarge']);
  assert.deepEqual(await types(page, 'list=waiting'), ['Behind']);
  assert.deepEqual(await types(page, 'list=refused'), []);
  assert.deepEqual(await types(page, `find=${parked}`), ['TooLarge']);
  assert.deepEqual(await types(page, 'find=o1'), ['Behind', 'TooLarge']);
  assert.deepEqual(await types(page, 'find=o1&list=parked'), ['TooLarge']);
  assert.deepEqual(await types(page, `find=${correlation}`), ['Other']);
  assert.deepEqual(await types(page, 'find=Behind'), ['Behind']);
  assert.deepEqual(await types(page, 'find=nothing'), []);
});

test('what the broker refuses for now is in the list of the refused, with the reason', async (t) => {
  const page = await openTestConsole(t);
  page.bus.faults.inject({ kind: 'quotaExceeded' });
  await insertEvent(page.pool, 'Refused');

  const [message] = await until('the refusal is noted', async () => {
    const { messages } = await ask<Found>(page, '/console/messages?list=refused');
    return messages.length > 0 && messages;
  });

  assert.equal(message?.messageType, 'Refused');
  assert.match(message?.errorMessage ?? '', /quota|full/i);
});

test('an opened message has its body as it was committed, its order, and its journey', async (t) => {
  const page = await openTestConsole(t);
  const causation = randomUUIDv7();
  const body = '{"amount": 12345678901234567890.10}';
  const messageId = randomUUIDv7();
  await insertEvent(page.pool, 'Before', { aggregateId: 'o1' });
  await page.pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, causation_id, user_id) VALUES ($1, 'Opened', $2, 'o1', $3, 'u1')`,
    [messageId, body, causation],
  );
  await untilAllMarked(page.pool);

  const opened = await ask<{
    state: string;
    content: object;
    order: { messageType: string }[];
    journey: { step: string; at: number }[];
  }>(page, `/console/messages/${messageId}`);

  assert.equal(opened.state, 'published');
  assert.deepEqual(opened.content, { body, metadata: null, userId: 'u1' });
  assert.deepEqual(
    opened.order.map(({ messageType }) => messageType),
    ['Before'],
  );
  assert.deepEqual(
    opened.journey.map(({ step }) => step),
    ['received', 'committed', 'decoded', 'sent', 'accepted', 'marked'],
  );
  const times = opened.journey.map(({ at }) => at);
  const [, committed = 0, decoded = 0, sent = 0, accepted = 0] = times;
  // Clocks of one machine; marks are cut off to milliseconds.
  assert.ok(committed <= decoded + 2 && decoded <= sent && sent <= accepted, times.join());
});

test('a message that is not there is a 404, and what is no id a 400', async (t) => {
  const page = await openTestConsole(t);

  assert.equal((await fetch(`${page.url}/console/messages/o1`)).status, 400);
  assert.equal((await fetch(`${page.url}/console/messages/${randomUUIDv7()}`)).status, 404);
});

test('where there is a token, what customers have written is for those who have it', async (t) => {
  const page = await openTestConsole(t, { mode: 'read', token: TOKEN });
  const id = await insertEvent(page.pool, 'Secret', { body: '{"name": "Ada"}' });
  const content = async (token?: string) =>
    (await ask<{ content: object | null }>(page, `/console/messages/${id}`, token)).content;

  assert.equal(await content(), null);
  assert.equal(await content('some-other-token-of-many'), null);
  assert.equal(page.logs.filter(({ msg }) => String(msg).includes('with a wrong token')).length, 1);
  assert.deepEqual(await content(TOKEN), { body: '{"name": "Ada"}', metadata: null, userId: null });
  assert.doesNotMatch(await (await fetch(page.url)).text(), /Ada/);
});

test('who only reads cannot act, token or not', async (t) => {
  const page = await openTestConsole(t, { mode: 'read', token: TOKEN });

  assert.equal((await act(page, 'retry', { messageIds: [randomUUIDv7()] })).status, 404);
});

test('a wrong token does nothing and is logged', async (t) => {
  const page = await openTestConsole(t, OPERATE);
  const { parked } = await park(page);

  for (const token of ['', 'wrong', `${TOKEN}x`, TOKEN.slice(1)]) {
    const answer = await act(page, 'drop', { messageIds: [parked], reason: 'none' }, token);
    assert.deepEqual([answer.status, answer.code], [401, 'TOKEN_WRONG']);
  }

  assert.deepEqual(await types(page, 'list=parked'), ['TooLarge']);
  assert.equal(page.logs.filter(({ msg }) => String(msg).includes('with a wrong token')).length, 4);
  assert.ok(!JSON.stringify(page.logs).includes(TOKEN));
});

test('retry and drop answer in the words of the command, each logged with who', async (t) => {
  const page = await openTestConsole(t, OPERATE);
  const { parked, behind } = await park(page);

  const retried = await act(page, 'retry', { messageIds: [parked] });
  await until('it is parked again', async () => (await types(page, 'list=parked')).includes('TooLarge'));
  const dropped = await act(page, 'drop', { messageIds: [parked, behind], reason: '--nobody needs it' });

  assert.match(
    retried.results?.[0]?.text ?? '',
    /is to be sent again; what waits for it of order o1 follows/,
  );
  assert.match(dropped.results?.[0]?.text ?? '', /is given up and never sent/);
  assert.equal(dropped.results?.[0]?.done, true);
  const { messages } = await ask<Found>(page, `/console/messages?find=${parked}`);
  assert.equal(messages[0]?.state, 'dropped');
  assert.match(messages[0]?.errorMessage ?? '', /^dropped: --nobody needs it/);
  const acts = page.logs.filter(({ msg }) => msg === 'An operator has acted by the console');
  assert.deepEqual(
    acts.map(({ by, action }) => [by, action]),
    [
      ['Ada', 'retry'],
      ['Ada', 'drop'],
    ],
  );
});

test('of several, one that is refused is told, and the others are done', async (t) => {
  const page = await openTestConsole(t, OPERATE);
  const { parked } = await park(page);
  const published = await insertEvent(page.pool, 'Published');
  await untilPublished(page, published);

  const { status, results } = await act(page, 'drop', { messageIds: [published, parked], reason: 'both' });

  assert.equal(status, 200);
  assert.deepEqual(
    results?.map(({ done }) => done),
    [false, true],
  );
  assert.match(results?.[0]?.text ?? '', /drop is for a parked message/);
});

test('a replay is counted first, and then sent', async (t) => {
  const page = await openTestConsole(t, OPERATE);
  await insertEvent(page.pool, 'Replayed');
  await untilAllMarked(page.pool);
  const range = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };

  const counted = await act(page, 'replay', { ...range, dryRun: true });
  assert.equal(counted.results?.[0]?.text, '1 messages would be sent again. Nothing was changed.');
  assert.equal(page.bus.journal.total, 1);

  await act(page, 'replay', { ...range, dryRun: false });
  await until('it arrives again', () => page.bus.journal.total === 2);
});

const REFUSED: [string, object, RegExp][] = [
  ['retry', { messageIds: ['no id'] }, /is no message id/],
  ['retry', { messageIds: [] }, /messageIds/],
  ['retry', { messageIds: ['--help'] }, /no message id|takes ID|takes/],
  ['drop', { messageIds: [randomUUIDv7()], reason: ' ' }, /drop needs --reason/],
  ['drop', { messageIds: [randomUUIDv7()] }, /reason/],
  ['replay', { from: 'yesterday', to: 'today', dryRun: true }, /must be a time with its zone/],
  ['confirm', { by: ' ' }, /by/],
];

test('a bad request is refused with what is wrong', async (t) => {
  const page = await openTestConsole(t, OPERATE);
  for (const [action, body, message] of REFUSED) {
    const answer = await act(page, action, body);
    assert.equal(answer.status, 400, JSON.stringify([action, body, answer]));
    assert.match(answer.message ?? '', message);
  }
});

test('relays of a slot are told apart by the names of their connections', async (t: TestContext) => {
  const { url, pool } = await createDatabase(t);
  const log = createLogger({ level: 'silent', service: 'test' });
  const connect = async (slot: string) => {
    const relay = openPool({ url, max: 2, applicationName: relayConnectionName(slot), log });
    cleanup(t, () => relay.end());
    await Promise.all([relay.query('SELECT pg_sleep(0.05)'), relay.query('SELECT pg_sleep(0.05)')]);
  };
  const long = 's'.repeat(63);
  for (const slot of ['one', 'one', 'one', 'other', long, long]) await connect(slot);

  assert.deepEqual(
    [
      await countStandbys(pool, 'one'),
      await countStandbys(pool, 'other'),
      await countStandbys(pool, 'none'),
      await countStandbys(pool, long),
    ],
    [2, 0, 0, 1],
  );
});
