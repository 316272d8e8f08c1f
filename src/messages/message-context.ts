import type { TraceContext } from './trace-context.ts';

/** What goes along with a message from the request to the event: who asked, in which conversation, because of what. */
export interface MessageContext {
  /** UUIDv7, this message's own. */
  readonly messageId: string;
  readonly correlationId: string;
  /** The id of the message that caused this one; undefined for a request. */
  readonly causationId: string | undefined;
  readonly userId: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly trace: TraceContext | undefined;
}

/** The context of what a process does by itself. */
export function newContext(newId: () => string): MessageContext {
  return {
    messageId: newId(),
    correlationId: newId(),
    causationId: undefined,
    userId: undefined,
    metadata: {},
    trace: undefined,
  };
}

/** The context of a message that is caused by the one of `cause`. */
export function causedBy(cause: MessageContext, messageId: string): MessageContext {
  return { ...cause, messageId, causationId: cause.messageId };
}
