import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examineSystem } from '../../doctor/examine.ts';
import { examineSystems } from '../../doctor/examine-systems.ts';
import { document } from '../support/documents.ts';
import { writeList } from './write-list.ts';

test('the runbook has every check, and no other', async (t) => {
  // Nobody is there: each check says that it cannot be asked.
  const findings = await examineSystem(
    {
      PORT: '1',
      RELAY_PORT: '1',
      INBOX_PORT: '1',
      INBOX_SUBSCRIPTIONS: 'inventory/order-service',
      SERVICEBUS_ENTITY: 'orders',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      SERVICEBUS_CONNECTION_STRING:
        'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true',
    },
    { emulatorPort: 1 },
  );
  const unread = await examineSystems(writeList(t, { 'eu.env': undefined }));
  const { text } = document('docs/runbook.md');
  const [, section = ''] = /## What the doctor names\n([\s\S]*?)\n## /.exec(text) ?? [];
  const named = [...section.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );

  assert.equal(new Set(named).size, named.length, 'none is there twice');
  assert.deepEqual(new Set(named), new Set([...findings, ...unread].map(({ check }) => check)));
});
