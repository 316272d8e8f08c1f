import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceBusError, type ServiceBusErrorCode } from '@azure/service-bus';
import { PublishError } from '../../../../relay/publishing/publish-error.ts';
import { toPublishError, unreachable } from '../../../../relay/publishing/service-bus/to-publish-error.ts';

const serviceBus = (code: ServiceBusErrorCode) => new ServiceBusError('refused', code);
const named = (name: string) => Object.assign(new Error('refused'), { name });
const coded = (code: string) => Object.assign(new Error('refused'), { code });

type Expected = Partial<Pick<PublishError, 'kind' | 'code' | 'message' | 'outcomeUnknown' | 'retryAfterMs'>>;
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
  // A mistake inside of the SDK may look like this: no good message may be parked for it.
  ['something was undefined in the SDK', new TypeError('refused'), unknown],
];

for (const [name, error, expected] of CASES) {
  test(`${name}: ${expected.kind}${expected.outcomeUnknown ? ', perhaps accepted' : ''}`, () => {
    assertLike(toPublishError(error), expected);
  });
}

test('what is a publish error already stays what it is', () => {
  const error = new PublishError('an id is too long', { kind: 'poison', code: 'MESSAGE_INVALID' });

  assert.equal(toPublishError(error), error);
});

test("the SDK's opinion on whether to retry is not asked", () => {
  const missing = Object.assign(serviceBus('MessagingEntityNotFound'), { retryable: false });
  const tooLarge = Object.assign(serviceBus('MessageSizeExceeded'), { retryable: true });

  assert.equal(toPublishError(missing).kind, 'operator');
  assert.equal(toPublishError(tooLarge).kind, 'poison');
});

test('of several tries the last one tells, however deep it is wrapped', () => {
  const tries = new AggregateError([
    serviceBus('ServiceTimeout'),
    new AggregateError([serviceBus('ServiceBusy'), serviceBus('UnauthorizedAccess')]),
  ]);

  const error = toPublishError(tries);

  assertLike(error, { ...operator, code: 'UnauthorizedAccess' });
  assert.equal(error.cause, tries);
});

test('an empty list of tries is a reason without a code', () => {
  assert.equal(toPublishError(new AggregateError([])).code, 'GeneralError');
});

for (const [name, error, { kind }] of CASES) {
  if (kind !== 'operator') continue;
  test(`what to do when ${name} is in the message, with the code`, () => {
    const { code, message } = toPublishError(error);

    assert.match(message, new RegExp(`^refused \\(${code}\\): \\w+ `));
  });
}

const UNREACHABLE: [string, unknown, Expected][] = [
  ['it is missing', serviceBus('MessagingEntityNotFound'), operator],
  ['nobody answers', serviceBus('ServiceTimeout'), transient],
  ['it is busy', serviceBus('ServiceBusy'), { ...transient, retryAfterMs: 2_000 }],
  ['its connection string has no key', new TypeError('Missing sharedAccessKeyName'), operator],
];

for (const [name, cause, expected] of UNREACHABLE) {
  test(`no message is to blame, and none was accepted, while the broker cannot be reached because ${name}`, () => {
    const error = unreachable('orders', cause);

    assertLike(error, { ...expected, code: 'BROKER_UNREACHABLE' });
    assert.equal(error.cause, cause);
    assert.match(error.message, /^Cannot reach Service Bus entity orders: (refused|Missing shared)/);
  });
}

function assertLike(error: PublishError, expected: Expected): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(error[name as keyof Expected], value, name);
  }
  assert.ok(error.message.length > 0);
}
