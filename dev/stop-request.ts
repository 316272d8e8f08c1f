const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves when this process is asked to stop: by a signal, by the end of its parent, or because nobody reads it any more. */
export function stopRequest(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    // For good, and not once: npm passes a signal on, so Ctrl-C can come twice, and must not end us in the middle of stopping.
    for (const signal of STOP_SIGNALS) process.on(signal, () => resolve());
    // SIGTERM to npm ends the shell it has put between, and does not reach us.
    setInterval(() => process.ppid !== parent && resolve(), 250).unref();
    // A terminal that was closed takes no more lines; to write one must not end us either.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => resolve());
  });
}
