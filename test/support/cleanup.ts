type Cleanup = () => unknown;
interface Scope {
  after(fn: () => Promise<void>): void;
}

const stacks = new WeakMap<object, Cleanup[]>();

/**
 * Runs `fn` when the test ends, the last registered first: node:test itself runs them in the order of registration. One that
 * fails fails the test, and those before it run all the same: what they opened would keep the test's process for ever.
 */
export function cleanup(t: Scope, fn: Cleanup): void {
  const registered = stacks.get(t);
  if (registered) {
    registered.push(fn);
    return;
  }
  const stack = [fn];
  stacks.set(t, stack);
  t.after(async () => {
    const failures: unknown[] = [];
    for (let next = stack.pop(); next; next = stack.pop()) {
      try {
        await next();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} clean-ups failed`);
  });
}
