import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayConfig } from '../../../relay/config.ts';
import { apiConfig } from '../../../src/config.ts';
import { misspeltVariables } from '../../../src/core/misspelt-variables.ts';
import { VARIABLE_NAMES } from '../../../src/core/variable-names.ts';
import { inboxConfig } from '../../../src/inbox/config.ts';

test('the names are those of all configurations', () => {
  const names = new Set(
    [apiConfig, relayConfig, inboxConfig].flatMap(({ properties }) => Object.keys(properties)),
  );

  assert.deepEqual(new Set(VARIABLE_NAMES), names);
  assert.equal(VARIABLE_NAMES.length, names.size);
});

for (const [name, meant] of [
  ['RELAY_SLT', 'RELAY_SLOT'],
  ['RELAY_SLTO', 'RELAY_SLOT'],
  ['RELEY_SLOT', 'RELAY_SLOT'],
  ['OUTBOX_RETENTIONS', 'OUTBOX_RETENTION'],
  ['SERVICE_BUS_ENTITY', 'SERVICEBUS_ENTITY'],
  ['SERVICEBUS_SESSION', 'SERVICEBUS_SESSIONS'],
  ['API_DOCSS', 'API_DOCS'],
  ['DATABASE_ULR', 'DATABASE_URL'],
  ['DATABASE_URL_FIEL', 'DATABASE_URL_FILE'],
  ['INBOX_SUBSCRIPTION', 'INBOX_SUBSCRIPTIONS'],
  ['INBOX_SESSION', 'INBOX_SESSIONS'],
  ['OTEL_TRACE_EXPORTER', 'OTEL_TRACES_EXPORTER'],
] as const) {
  test(`${name} is taken for ${meant}`, () => {
    assert.deepEqual(misspeltVariables({ [name]: 'value' }), [{ name, meant }]);
  });
}

test('what a process reads, what others read and what is far from any is not misspelt', () => {
  const others =
    'HOME PATH PWD USER SHELL HOSTNAME LANG TERM NODE_OPTIONS NODE_VERSION POSTGRES_PASSWORD API_PORT ' +
    'RELAY_SERVICE_HOST RELAY_PORT_5001_TCP API_SERVICE_PORT OTEL_LOGS_EXPORTER OTEL_BSP_SCHEDULE_DELAY ' +
    'OTEL_EXPORTER_OTLP_TIMEOUT RELAY_SLOTS_OF_ALL';
  const all = [...VARIABLE_NAMES, ...VARIABLE_NAMES.map((name) => `${name}_FILE`), ...others.split(' ')];

  assert.deepEqual(misspeltVariables(Object.fromEntries(all.map((name) => [name, 'value']))), []);
});
