import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSqlFilter } from '../../../../dev/service-bus/sql/sql-filter.ts';
import { SqlMessage } from '../../../../dev/service-bus/sql/sql-message.ts';
import { encoded } from '../encoded.ts';

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter

const message = encoded({
  message_id: 'm1',
  subject: 'OrderCreated',
  to: 'Store5',
  application_properties: {
    color: 'blue',
    quantity: 5,
    price: 2.5,
    urgent: true,
    note: null,
    discount: '10%',
    'HR-EmployeeID': 7,
    at: new Date('2026-01-01T00:00:00Z'),
  },
});

const cases: readonly [filter: string, matches: boolean][] = [
  ['1=1', true],
  ['1 = 0', false],
  // Comparisons, of whole and other numbers with each other too
  ["color = 'blue'", true],
  ["color <> 'blue'", false],
  ["color != 'red'", true],
  ['quantity > 4 and quantity < 6', true],
  ['quantity >= 5 and quantity <= 5', true],
  ['quantity = 5.0', true],
  ['price > 2', true],
  ['price = 25E-1', true],
  ['urgent = TRUE', true],
  ['urgent = false', false],
  ["'it''s' = 'it''s'", true],
  ["color = 'Blue'", false],
  // Names, in any case, and those that are no words
  ["COLOR = 'blue' AND User.Color = 'blue'", true],
  ["sys.Label = 'OrderCreated' AND SYS.label = sys.Subject", true],
  ["sys.MessageId = 'm1'", true],
  ['[HR-EmployeeID] = 7 AND "HR-EmployeeID" = 7', true],
  ['user.[HR-EmployeeID] = 7', true],
  // AND before OR, NOT before both, parentheses before all
  ['1=1 OR 1=0 AND 1=0', true],
  ['(1=1 OR 1=0) AND 1=0', false],
  ['NOT 1=0 AND 1=1', true],
  ['NOT (1=0 OR 1=1)', false],
  ['((quantity + 1) * 2) = 12', true],
  // Arithmetic; whole numbers are divided as in C#
  ['quantity / 2 = 2', true],
  ['quantity / 2.0 = 2.5', true],
  ['quantity % 2 = 1', true],
  ['-quantity + 10 = 5', true],
  ["color + '!' = 'blue!'", true],
  ['9223372036854775807 > 9223372036854775806', true],
  // LIKE
  ["sys.Label LIKE 'Order%'", true],
  ["sys.Label LIKE 'Order'", false],
  ["color LIKE 'b_ue'", true],
  ["color NOT LIKE 'r%'", true],
  ["discount LIKE '10\\%' ESCAPE '\\'", true],
  ["color LIKE 'b\\%' ESCAPE '\\'", false],
  ["color LIKE 'b.*'", false],
  // IN
  ["color IN ('red', 'blue')", true],
  ["sys.To NOT IN ('Store1', 'Store2')", true],
  ['quantity IN (1, 2 + 3)', true],
  // What is not there
  ['missing IS NULL', true],
  ['note IS NULL', true],
  ['color IS NOT NULL', true],
  ['sys.CorrelationId IS NULL', true],
  ['EXISTS(color)', true],
  ['EXISTS(note)', true],
  ['EXISTS(missing)', false],
  ['EXISTS(sys.CorrelationId)', false],
  ['NOT EXISTS (missing)', true],
  // What is not there is neither true nor false, also the other way round
  ['missing = 1', false],
  ['NOT missing = 1', false],
  ['missing <> 1', false],
  ['note = NULL', false],
  ["missing LIKE '%'", false],
  ["missing NOT LIKE '%'", false],
  ['missing IN (1)', false],
  ['missing NOT IN (1)', false],
  ['quantity IN (1, missing)', false],
  ['quantity NOT IN (1, missing)', false],
  ['quantity IN (5, missing)', true],
  ['missing + 1 = 1', false],
  ['missing = 1 OR 1=1', true],
  ['missing = 1 AND 1=1', false],
  ['NOT (missing = 1 AND 1=0)', true],
  ['NOT (missing = 1 OR 1=1)', false],
];

for (const [filter, matches] of cases) {
  test(`${filter} is ${matches}`, () => {
    assert.equal(parseSqlFilter(filter)(new SqlMessage(message)), matches);
  });
}

test('parameters stand for values of any type', () => {
  const matches = parseSqlFilter('color = @color AND at < @then AND quantity IN (@a, @b)', {
    color: 'blue',
    '@then': new Date('2026-01-02T00:00:00Z'),
    a: 1,
    b: 5,
  });

  assert.equal(matches(new SqlMessage(message)), true);
});

const wrong: readonly [filter: string, problem: RegExp][] = [
  ['', /^The end stands where a property is expected/],
  ['color', /^A value stands where a condition is expected/],
  ['(1=1) = (1=1)', /^'=' stands where the end is expected/],
  ['1 + (1=1) = 2', /^A condition stands where a value is expected/],
  ["color = 'blue", /^''blue' is not understood/],
  ['color = 1 AND', /^The end stands where a property/],
  ['color NOT 1', /^'1' stands where IN or LIKE is expected/],
  ['color IS 1', /^'1' stands where NULL/],
  ['sys.Nothing = 1', /^sys\.Nothing is not known here/],
  ['sender.color = 1', /^'sender' is no scope/],
  ['total > @least', /^The parameter @least is not given/],
  ["newid() = 'x'", /^Functions are not supported/],
  ['9223372036854775808 = 1', /too large/],
  [`${'('.repeat(101)}1=1${')'.repeat(101)}`, /^More than 100 parentheses/],
  [`a = '${'x'.repeat(1_024)}'`, /^A filter has at most 1024 characters/],
];

for (const [filter, problem] of wrong) {
  test(`the filter ${filter.slice(0, 30)} is refused: ${problem.source}`, () => {
    assert.throws(() => parseSqlFilter(filter), { name: 'SqlError', message: problem });
  });
}

for (const filter of [
  "quantity = '5'",
  'color > 1',
  "color > 'a'",
  'urgent > FALSE',
  'quantity / 0 = 1',
  "quantity LIKE '5'",
  "color LIKE 'a' ESCAPE 'ab'",
]) {
  test(`${filter} is an error for this message, not an answer`, () => {
    const matches = parseSqlFilter(filter);

    assert.throws(() => matches(new SqlMessage(message)), { name: 'SqlError' });
  });
}
