import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceBusError, type ServiceBusErrorCode } from '@azure/service-bus';
import {
  classifyFailure,
  type PublishFailure,
} from '../../../../relay/publishing/service-bus/classify-failure.ts';
import { AppError } from '../../../../src/core/errors.ts';

const serviceBus = (code: ServiceBusErrorCode) => new ServiceBusError('refused', code);
const named = (name: string) => Object.assign(new Error('refused'), { name });
const coded = (code: string) => Object.assign(new Error('refused'), { code });

type Expected = Partial<PublishFailure>;
const transient: Expected = { kind: 'transient', outcomeUnknown: false, retryAfterMs: 0 };
const unknown: Expected = { kind: 'transient', outcomeUnknown: true, retryAfterMs: 0 };
const operator: Expected = { kind: 'operator', outcomeUnknown: false, retryAfterMs: 0 };
const poison: Expected = { kind: 'poison', outcomeUnknown: false, retryAfterMs: 0 };

const CASES: [string, unknown, Expected][] = [
  [
    'the service is busy',
    serviceBus('ServiceBusy'),
    { ...transient, code: 'ServiceBusy', retryAfterMs: 2_000 },
  ],
  ['a send was never answered', serviceBus('ServiceTimeout'), { ...unknown, code: 'ServiceTimeout' }],
  ['the connection was lost', serviceBus('ServiceCommunicationProblem'), unknown],
  ['a send was aborted', named('AbortError'), { ...unknown, code: 'AbortError' }],
  ['a reason without a code', serviceBus('GeneralError'), unknown],
  ['an error of no kind', new Error('refused'), { ...unknown, code: 'GeneralError' }],
  ['something that is no error', 'refused', { ...unknown, code: 'GeneralError', message: 'refused' }],
  ['the host refuses connections', coded('ECONNREFUSED'), { ...transient, code: 'ECONNREFUSED' }],
  ['the entity is missing', serviceBus('MessagingEntityNotFound'), operator],
  ['the entity is disabled', serviceBus('MessagingEntityDisabled'), operator],
  ['the entity is full', serviceBus('QuotaExceeded'), operator],
  ['the key was changed', serviceBus('UnauthorizedAccess'), operator],
  ['the message is too large', serviceBus('MessageSizeExceeded'), poison],
  ['an id is too long', new AppError('MESSAGE_INVALID', 'refused'), poison],
  // A mistake inside of the SDK may look like this: no good message may be parked for it.
  ['something was undefined in the SDK', new TypeError('refused'), unknown],
];

for (const [name, error, expected] of CASES) {
  test(`${name}: ${expected.kind}${expected.outcomeUnknown ? ', perhaps accepted' : ''}`, () => {
    const failure = classifyFailure(error);

    assert.deepEqual({ ...failure, ...expected }, failure);
    assert.equal(failure.message.length > 0, true);
  });
}

test("the SDK's opinion on whether to retry is not asked", () => {
  const missing = Object.assign(serviceBus('MessagingEntityNotFound'), { retryable: false });
  const tooLarge = Object.assign(serviceBus('MessageSizeExceeded'), { retryable: true });

  assert.equal(classifyFailure(missing).kind, 'operator');
  assert.equal(classifyFailure(tooLarge).kind, 'poison');
});

test('of several tries the last one tells, however deep it is wrapped', () => {
  const tries = new AggregateError([
    serviceBus('ServiceTimeout'),
    new AggregateError([serviceBus('ServiceBusy'), serviceBus('UnauthorizedAccess')]),
  ]);

  assert.deepEqual(classifyFailure(tries), classifyFailure(serviceBus('UnauthorizedAccess')));
});

test('an empty list of tries is a reason without a code', () => {
  assert.equal(classifyFailure(new AggregateError([])).code, 'GeneralError');
});

const UNREACHABLE: [string, unknown, Expected][] = [
  ['it is missing', serviceBus('MessagingEntityNotFound'), operator],
  ['nobody answers', serviceBus('ServiceTimeout'), { ...transient, code: 'ServiceTimeout' }],
  ['its connection string has no key', new TypeError('Missing sharedAccessKeyName'), operator],
];

for (const [name, cause, expected] of UNREACHABLE) {
  test(`no message is to blame, and none was accepted, while the broker cannot be reached because ${name}`, () => {
    const failure = classifyFailure(new AppError('BROKER_UNREACHABLE', 'Cannot reach it', { cause }));

    assert.deepEqual({ ...failure, ...expected }, failure);
  });
}
