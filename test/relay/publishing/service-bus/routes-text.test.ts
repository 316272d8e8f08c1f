import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRoutes, routesFault } from '../../../../relay/publishing/service-bus/routes-text.ts';

test('routes are read in their order, blanks beside commas and = left out', () => {
  const text = 'OrderCreated=orders, Order* = orders/lifecycle,*=rest_1';

  assert.equal(routesFault(text), undefined);
  assert.deepEqual(parseRoutes(text), [
    { type: 'OrderCreated', destination: 'orders' },
    { type: 'Order*', destination: 'orders/lifecycle' },
    { type: '*', destination: 'rest_1' },
  ]);
});

const FAULTS: Readonly<Record<string, RegExp>> = {
  'A=b,': /a comma with nothing before or after it/,
  ',A=b': /a comma with nothing before or after it/,
  OrderCreated: /"OrderCreated" has no =: write TYPE=ENTITY/,
  '=orders': /the route to "orders" has no type: \* stands for all/,
  'A=': /the route of A: the name of the topic or queue is empty/,
  'A=b c': /the route of A: "b c" is no name of a topic or queue/,
  'A=b=c': /the route of A: "b=c" is no name/,
  'A=-b': /the route of A: "-b" is no name/,
  [`A=${'b'.repeat(261)}`]: /the route of A: the name .* longer than 260 characters/,
  '*Created=b': /"\*Created" is no type: a \* may stand at its end/,
  'Order Created=b': /"Order Created" is no type/,
  'A=b,A=c': /A stands there twice/,
  'Order*=b,OrderCreated=c':
    /OrderCreated comes after Order\*, which takes all of its messages: put it before/,
  '*=b,A*=c': /A\* comes after \*, which takes all/,
};

for (const [text, told] of Object.entries(FAULTS)) {
  test(`"${text.slice(0, 40)}" is refused in words`, () => {
    assert.match(routesFault(text) ?? 'nothing was told', told);
  });
}
