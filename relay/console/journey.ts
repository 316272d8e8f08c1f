import type { WholeMessage } from '../admin/outbox-inspection.ts';
import type { DeliveryTimes } from './delivery-log.ts';

/** A step of a message, and when it was done: milliseconds since 1970, each by the clock of who did it. */
export interface JourneyStep {
  readonly step: 'received' | 'committed' | 'decoded' | 'sent' | 'accepted' | 'marked';
  readonly at: number;
}

/** What is known of the way of a message, in order. What is not known is left out. */
export function journeyOf(
  { causationId, processedAt }: Pick<WholeMessage, 'causationId' | 'processedAt'>,
  times: DeliveryTimes | undefined,
): JourneyStep[] {
  const steps: readonly (readonly [JourneyStep['step'], number | undefined])[] = [
    // The request is the cause of its events, and the api gives it its id when it arrives.
    ['received', timeOfUuid(causationId ?? '')],
    ['committed', times?.committedAt],
    ['decoded', times?.decodedAt],
    ['sent', times?.sentAt],
    ['accepted', times?.acceptedAt],
    ['marked', processedAt === null ? undefined : Date.parse(processedAt)],
  ];
  return steps.flatMap(([step, at]) => (at === undefined ? [] : [{ step, at }]));
}

/** When an id of version 7 was made, in milliseconds since 1970. https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
function timeOfUuid(id: string): number | undefined {
  const [, high = '', low = ''] = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/i.exec(id) ?? [];
  return high === '' ? undefined : Number.parseInt(high + low, 16);
}
