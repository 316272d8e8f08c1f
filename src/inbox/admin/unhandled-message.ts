/** A message that a person has to decide about. */
export interface UnhandledMessage {
  /** dead-letter: in the dead-letter queue of its consumer. inbox: it waits in the table. */
  readonly place: 'dead-letter' | 'inbox';
  readonly consumer: string;
  /** Undefined if its sender has given it none. */
  readonly messageId: string | undefined;
  readonly sequenceNumber: bigint;
  readonly type: string | undefined;
  readonly aggregateId: string | undefined;
  readonly deliveryCount: number;
  readonly since: Date;
  readonly reason: string;
}

/** Which messages are meant: those of which all hold that is given. */
export interface Selection {
  /** Of the message, or the broker's number of it. */
  readonly id?: string | undefined;
  readonly consumer?: string | undefined;
  readonly type?: string | undefined;
  readonly aggregateId?: string | undefined;
  /** Stands somewhere in the reason, in upper or lower case. */
  readonly reasonHas?: string | undefined;
}

export function isMeant(selection: Selection, message: UnhandledMessage): boolean {
  const { id, consumer, type, aggregateId, reasonHas = '' } = selection;
  return (
    (id === undefined || id === message.messageId || id === String(message.sequenceNumber)) &&
    (consumer === undefined || consumer === message.consumer) &&
    (type === undefined || type === message.type) &&
    (aggregateId === undefined || aggregateId === message.aggregateId) &&
    message.reason.toLowerCase().includes(reasonHas.toLowerCase())
  );
}

/** Those that are decided about together: of one aggregate of a consumer, in their order. */
export function byAggregate(messages: readonly UnhandledMessage[]): UnhandledMessage[][] {
  const alone = ({ messageId, sequenceNumber }: UnhandledMessage) => ['', messageId, String(sequenceNumber)];
  return Map.groupBy(messages, (message) =>
    JSON.stringify([message.consumer, message.aggregateId ?? alone(message)]),
  )
    .values()
    .toArray();
}
