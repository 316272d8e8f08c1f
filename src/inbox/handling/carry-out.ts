import type { Dispatcher, Once, Registry } from '../../dispatcher.ts';
import type { ReceivedMessage } from '../received-message.ts';
import type { ConsumedEvents } from './consumed-event.ts';
import { eventReader } from './event-reader.ts';

export interface CarryOutDeps<R extends Registry> {
  readonly dispatcher: Dispatcher<R>;
  readonly events: ConsumedEvents<R>;
  /** Makes a span of the handling of each message, where tracing is on. */
  readonly span?: HandlingSpan | undefined;
}

/** Runs `work` as what is done about a message of this consumer. */
export type HandlingSpan = <T>(
  consumer: string,
  message: ReceivedMessage,
  work: () => Promise<T>,
) => Promise<T>;

/** Once a message is handled, whether it was now or before; `once` decides that. Throws what `failureOf` knows. */
export type CarryOut = (
  consumer: string,
  message: ReceivedMessage,
  once: Once<unknown, true>,
) => Promise<'handled' | 'repeat'>;

/** From a message to its command, in the transaction that makes it happen once. */
export function carryingOut<R extends Registry>({ dispatcher, events, span }: CarryOutDeps<R>): CarryOut {
  const read = eventReader(events);
  return async (consumer, message, once) => {
    const { command, context } = read(message);
    // The message is the command: what it causes has its id as its cause.
    const dispatch = () => dispatcher.dispatch({ ...command, messageId: context.messageId }, context, once);
    const { replayed } = await (span ? span(consumer, message, dispatch) : dispatch());
    return replayed ? 'repeat' : 'handled';
  };
}
