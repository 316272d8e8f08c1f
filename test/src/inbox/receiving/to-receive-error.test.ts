import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceBusError, type ServiceBusErrorCode } from '@azure/service-bus';
import type { ReceiveErrorKind } from '../../../../src/inbox/receiving/receive-error.ts';
import { toReceiveError } from '../../../../src/inbox/receiving/to-receive-error.ts';

const serviceBus = (code: ServiceBusErrorCode) => new ServiceBusError('refused', code);

const CASES: [string, unknown, ReceiveErrorKind, string][] = [
  ['no session became free', serviceBus('ServiceTimeout'), 'none', 'ServiceTimeout'],
  ['the session is taken', serviceBus('SessionCannotBeLocked'), 'lost', 'SessionCannotBeLocked'],
  ['the session is lost', serviceBus('SessionLockLost'), 'lost', 'SessionLockLost'],
  ['the lock is lost', serviceBus('MessageLockLost'), 'lost', 'MessageLockLost'],
  ['the service is busy', serviceBus('ServiceBusy'), 'transient', 'ServiceBusy'],
  [
    'the connection was lost',
    serviceBus('ServiceCommunicationProblem'),
    'transient',
    'ServiceCommunicationProblem',
  ],
  ['a reason without a code', serviceBus('GeneralError'), 'transient', 'GeneralError'],
  ['something that is no error', 'refused', 'transient', 'GeneralError'],
  [
    'the host refuses connections',
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    'transient',
    'ECONNREFUSED',
  ],
  ['the entity is missing', serviceBus('MessagingEntityNotFound'), 'operator', 'MessagingEntityNotFound'],
  ['the entity is disabled', serviceBus('MessagingEntityDisabled'), 'operator', 'MessagingEntityDisabled'],
  ['the token is refused', serviceBus('UnauthorizedAccess'), 'operator', 'UnauthorizedAccess'],
  [
    'no credential',
    Object.assign(new Error('none'), { name: 'CredentialUnavailableError' }),
    'operator',
    'UnauthorizedAccess',
  ],
  [
    'the connection string is none',
    new TypeError('Connection string malformed'),
    'operator',
    'InvalidConnectionString',
  ],
  [
    'of several tries',
    new AggregateError([serviceBus('ServiceBusy'), serviceBus('SessionLockLost')]),
    'lost',
    'SessionLockLost',
  ],
];

for (const [name, error, kind, code] of CASES) {
  test(`${name}: ${kind}`, () => {
    const failure = toReceiveError(error);

    assert.deepEqual([failure.kind, failure.code], [kind, code]);
    assert.equal(failure.cause, error);
  });
}

test('a busy service is left alone for as long as it asks', () => {
  assert.equal(toReceiveError(serviceBus('ServiceBusy')).retryAfterMs, 2_000);
});

test('whoever has to mend something is told what', () => {
  assert.match(
    toReceiveError(serviceBus('MessagingEntityNotFound')).message,
    /^refused \(MessagingEntityNotFound\): create the queue/,
  );
});

test('what is a receive error already stays what it is', () => {
  const error = toReceiveError(serviceBus('ServiceBusy'));

  assert.equal(toReceiveError(error), error);
});
