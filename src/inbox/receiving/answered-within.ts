import { ReceiveError } from './receive-error.ts';

/** The same, or a ReceiveError `NotAnswered` after so long. Then nobody waits for the answer, which may still come. */
export async function answeredWithin<T>(ms: number, asked: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(notAnswered(ms)), ms);
  try {
    return await Promise.race([asked, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function notAnswered(ms: number): ReceiveError {
  return new ReceiveError(`Service Bus has not answered for ${Math.round(ms)} ms`, {
    kind: 'transient',
    code: 'NotAnswered',
  });
}
