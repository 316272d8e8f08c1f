import type { Static, TSchema } from '@sinclair/typebox';
import type { CommandOf, Registry } from '../../dispatcher.ts';
import type { Message } from '../../messages/message.ts';

/** A command of one of these receptors. */
export type AnyCommand<R extends Registry> = {
  [T in keyof R & string]: Message<T, CommandOf<R[T]>>;
}[keyof R & string];

/** An event that is consumed: what it has to be, and which command it becomes. */
export interface ConsumedEvent<Command extends Message> {
  /** More members than it names are fine, unless it forbids them: senders add some. */
  readonly schema: TSchema;
  /** The latest major version of the schema that is understood: the property `schemaVersion`, absent in the first. */
  readonly schemaVersion: number;
  readonly toCommand: (event: never) => Command;
}

/** By the name of the event's type. */
export type ConsumedEvents<R extends Registry> = Readonly<Record<string, ConsumedEvent<AnyCommand<R>>>>;

/**
 * An entry of `ConsumedEvents`, in which `toCommand` gets what the schema describes:
 * `[ORDER_CREATED]: consumes(OrderCreated, ({ orderId }) => ({ type: RESERVE, body: { orderId } }))`.
 */
export function consumes<Schema extends TSchema, Command extends Message>(
  schema: Schema,
  toCommand: (event: Static<Schema>) => Command,
  schemaVersion = 1,
): ConsumedEvent<Command> {
  return { schema, toCommand, schemaVersion };
}
