type Cleanup = () => unknown;
interface Scope {
  after(fn: () => Promise<void>): void;
}

const stacks = new WeakMap<object, Cleanup[]>();

/** Runs `fn` when the test ends, the last registered first: node:test itself runs them in the order of registration. */
export function cleanup(t: Scope, fn: Cleanup): void {
  const registered = stacks.get(t);
  if (registered) {
    registered.push(fn);
    return;
  }
  const stack = [fn];
  stacks.set(t, stack);
  t.after(async () => {
    for (let next = stack.pop(); next; next = stack.pop()) await next();
  });
}
