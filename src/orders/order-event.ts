/** What has become of an event: not settled yet, taken by the broker, set aside because the broker never can, or given up. */
export type EventState = 'pending' | 'published' | 'parked' | 'dropped';

/** An event of an order on its way to the broker. */
export interface OrderEvent {
  readonly messageId: string;
  readonly type: string;
  readonly createdAt: Date;
  readonly publishedAt: Date | null;
  readonly parkedAt: Date | null;
  readonly droppedAt: Date | null;
}

/** What was published counts as that, also when it was parked before. */
export function eventState({ publishedAt, parkedAt, droppedAt }: OrderEvent): EventState {
  if (publishedAt) return 'published';
  if (droppedAt) return 'dropped';
  return parkedAt ? 'parked' : 'pending';
}
