import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { LocalServiceBus } from '../../../../../dev/service-bus/service-bus.ts';
import { createDatabase } from '../../../../support/database.ts';
import { deadLetterAll, deadLettersOf } from '../../../../support/dead-letters.ts';
import { createInventoryBus, INVENTORY, insufficient } from '../../../../support/inbox.ts';
import type { CommandResult } from '../../../../support/outbox-command.ts';

// The command as a person runs it. What it does and says: run-command.integration.test.ts.

const envOf = (url: string, bus: LocalServiceBus, consumer = INVENTORY) => ({
  DATABASE_URL: url,
  SERVICEBUS_CONNECTION_STRING: bus.connectionString,
  INBOX_SUBSCRIPTIONS: consumer,
});

function runIn(env: Record<string, string>, ...args: string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', './src/db/drizzle-resolution.ts', 'src/inbox/admin/cli/main.ts', ...args],
      { env: { PATH: process.env['PATH'] ?? '', ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test('a dead letter is dropped, then nothing is left', async (t) => {
  const [{ url, pool }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  const entity = { topic: 'inventory', subscription: 'order-service' };
  const { sessionId: _, ...message } = insufficient('o1', 'm1');
  await deadLetterAll(bus, entity, [message]);

  const dropped = await runIn(envOf(url, bus), 'drop', 'm1', '--reason', 'not ours', '--json');

  assert.deepEqual([dropped.code, JSON.parse(dropped.stdout).dropped], [0, 1]);
  assert.deepEqual(await deadLettersOf(bus, entity), []);
  const { rows } = await pool.query('SELECT message_id, error_message FROM inbox');
  assert.deepEqual(rows, [{ message_id: 'm1', error_message: 'Dropped: not ours' }]);
});

test('whoever asks wrongly is told what to do', async (t) => {
  const [{ url }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  const env = envOf(url, bus);

  const [help, usage, unknown, config, away, nowhere] = await Promise.all([
    runIn({}, '--help'),
    runIn({}, 'retry'),
    runIn(env, 'show', randomUUID()),
    runIn({ DATABASE_URL: url }, 'list'),
    runIn({ ...env, DATABASE_URL: 'postgres://127.0.0.1:1/none' }, 'list'),
    runIn({ ...env, INBOX_SUBSCRIPTIONS: 'inventory/nobody' }, 'list'),
  ]);

  assert.match(help.stdout, /^What a person can decide/);
  assert.deepEqual([usage.code, unknown.code, config.code, away.code, nowhere.code], [2, 1, 78, 1, 1]);
  assert.match(usage.stderr, /^retry takes an ID or a selection\n\nWhat a person can decide/);
  assert.match(unknown.stderr, /none is in the dead-letter queues of inventory\/order-service/);
  assert.match(config.stderr, /INBOX_SUBSCRIPTIONS/);
  assert.match(away.stderr, /ECONNREFUSED/);
  assert.match(nowhere.stderr, /correct INBOX_SUBSCRIPTIONS/);
});
