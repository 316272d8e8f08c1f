import { diff } from '@asyncapi/diff';
import { breakingChanges, type Schema } from './schema-changes.ts';

interface Message {
  readonly headers: Schema;
  readonly payload: Schema;
  readonly 'x-service-bus-properties': Schema;
}

/** As far as the comparison reads it. */
export interface EventsDocument {
  readonly info: { readonly version: string };
  readonly channels: Readonly<Record<string, { readonly messages: Readonly<Record<string, Message>> }>>;
  readonly operations: Readonly<Record<string, Operation>>;
}

interface Operation {
  readonly action: string;
  readonly channel: { readonly $ref: string };
}

const SCHEMAS = ['headers', 'payload', 'x-service-bus-properties'] as const;
/** What @asyncapi/diff leaves to others, or calls breaking although no consumer relies on it. */
const ELSEWHERE = /^\/(asyncapi|info)(\/|$)|\/messages\/[^/]+\/(headers|payload|examples|x-[^/]+)(\/|$)/;

/** What of a change of an AsyncAPI document breaks those who receive or send its messages, in words. */
export function asyncApiChanges(before: EventsDocument, after: EventsDocument): string[] {
  const around = diff(before, after).breaking() as { action: string; path: string }[];
  return [
    ...around.filter(({ path }) => !ELSEWHERE.test(path)).map(({ action, path }) => `${path}: ${action}`),
    ...Object.entries(before.channels).flatMap(([name, { messages }]) =>
      Object.entries(messages).flatMap(([key, message]) => {
        const now = after.channels[name]?.messages[key];
        return now ? schemaChanges(message, now, key, directionOf(before, name)) : []; // that it is gone was told above
      }),
    ),
  ];
}

function schemaChanges(before: Message, after: Message, key: string, direction: 'taken' | 'given'): string[] {
  return SCHEMAS.flatMap((part) =>
    breakingChanges({ direction, before: before[part], after: after[part], place: `${key} ${part}` }),
  );
}

function directionOf({ operations }: EventsDocument, channel: string): 'taken' | 'given' {
  const isReceived = Object.values(operations).some(
    (each) => each.action === 'receive' && each.channel.$ref === `#/channels/${channel}`,
  );
  return isReceived ? 'taken' : 'given';
}
