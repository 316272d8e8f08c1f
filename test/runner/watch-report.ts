import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/** What Node calls the process of a whole run. It fails when a change ends it in the middle. */
const WHOLE_RUN = '<anonymous>';

/** What people read of a watch: of each run the tests that failed, and a line. Nothing of a run that a change has ended. */
export async function* watchReport(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let failures: string[] = [];
  let passed = 0;
  for await (const { type, data } of events) {
    const isTest = (type === 'test:pass' || type === 'test:fail') && data.details.type !== 'suite';
    if (type === 'test:watch:restarted' || (isTest && data.name === WHOLE_RUN)) {
      failures = [];
      passed = 0;
    } else if (type === 'test:pass' && isTest) passed++;
    else if (type === 'test:fail' && isTest) {
      const { cause } = data.details.error;
      failures.push(`\n✖ ${relative('', data.file ?? '')}: ${data.name}\n${inspect(cause)}\n`);
    } else if (type === 'test:watch:drained') {
      yield `${failures.join('')}\n${failures.length === 0 ? '✔' : '✖'} ${passed} passed, ${failures.length} failed\n`;
    }
  }
}
