import { type TestContext, test } from 'node:test';

// What the broker must do as Azure Service Bus does. Each expectation says where it comes from: Microsoft's documents, an
// issue in which the service was seen to do so, or what the tests of the SDK expect of the service that they run on.
// Whatever the SDK would not send, or hides, goes through an AMQP client of the tests.

/** A test whose name says where its expectation comes from. */
export function conforms(source: string, name: string, check: (t: TestContext) => Promise<void>): void {
  test(`${name} (${source})`, check);
}
