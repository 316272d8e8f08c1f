/**
 * Makes this process one that answers what `startWorker` asks it, one request after the other. It ends when it is told to or when
 * the one who asks is gone.
 */
export function answerRequests<Request extends object>(answer: (request: Request) => Promise<unknown>): void {
  process.on('message', (request: Request) => {
    answer(request).then(
      (reply) => process.send?.({ reply }),
      (error: unknown) => process.send?.({ error: String((error as Error).stack ?? error) }),
    );
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  // So that a profile is written; nothing here has anything to lose.
  process.on('SIGTERM', () => process.exit(0));
}

/** What the clock of the day is ahead of `nowUs`, in microseconds. */
export const clockOffsetUs = () => (performance.timeOrigin + performance.now()) * 1_000 - nowUs();

/** Microseconds on a clock that all processes of this machine share. */
export const nowUs = () => Number(process.hrtime.bigint() / 1_000n);
