/** A command or an event: the name of its type, which travels as the message's subject, and its body. */
export interface Message<T extends string = string, B = unknown> {
  readonly type: T;
  readonly body: B;
}

/** Something that happened to one aggregate. Events of one aggregate are published in the order they were committed. */
export interface Event<T extends string = string, B = unknown> extends Message<T, B> {
  readonly aggregateId: string;
  /** The major of the schema that its body keeps to; 1 if it is not there. */
  readonly schemaVersion?: number;
  /** The version of the aggregate that it made: 1, 2, 3 and so on, without a gap. Undefined where an aggregate has none. */
  readonly aggregateVersion?: number | undefined;
}
