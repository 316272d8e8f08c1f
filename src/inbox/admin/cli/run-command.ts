import { textTable } from '../../../core/text-table.ts';
import type { ReceivedMessage } from '../../received-message.ts';
import { AdminError } from '../admin-error.ts';
import { type DecideDeps, type Decided, dropUnhandled, retryUnhandled } from '../decide-unhandled.ts';
import { findContent, findUnhandled } from '../find-unhandled.ts';
import { byAggregate, type UnhandledMessage } from '../unhandled-message.ts';
import type { Command } from './arguments.ts';

/** What a command has to say, for people and for machines. */
export interface Answer {
  readonly text: string;
  readonly data: unknown;
  /** Something that was asked for is not done. */
  readonly notDone?: boolean;
}

/** Carries a command out. Throws MESSAGE_NOT_FOUND, a ReceiveError, and what `pg` throws. */
export async function runCommand(
  deps: DecideDeps,
  command: Exclude<Command, { name: 'help' }>,
): Promise<Answer> {
  const { selection } = command;
  const found = await findUnhandled(deps, selection);
  if (selection.id !== undefined && found.length === 0) {
    const places = deps.consumers.map(({ name }) => name).join(', ');
    throw new AdminError(
      'MESSAGE_NOT_FOUND',
      `No message ${selection.id} waits, and none is in the dead-letter queues of ${places}`,
    );
  }
  switch (command.name) {
    case 'list':
      return listed(found, command.limit);
    case 'show':
      return shown(deps, found);
    case 'retry':
      return command.yes ? told(await retryUnhandled(deps, found)) : asksFor('handled', found);
    case 'drop':
      return command.yes
        ? told(await dropUnhandled(deps, found, command.reason))
        : asksFor('given up, for good', found);
  }
}

function asksFor(what: string, found: readonly UnhandledMessage[]): Answer {
  const { length: messages } = found;
  const { length: orders } = byAggregate(found);
  return {
    text: `${messages} messages of ${orders} orders would be ${what}. Nothing was changed: --yes does it.`,
    data: { messages, orders, changed: false },
    notDone: true,
  };
}

function listed(found: readonly UnhandledMessage[], limit: number): Answer {
  const first = found.slice(0, limit);
  const data = { count: found.length, messages: first.map(toData) };
  if (found.length === 0) return { text: 'Nothing is dead-lettered, and nothing waits.', data };
  const waiting = found.filter(({ place }) => place === 'inbox').length;
  const table = textTable(
    ['MESSAGE', 'NUMBER', 'PLACE', 'CONSUMER', 'TYPE', 'ORDER', 'SINCE', 'REASON'],
    first.map((m) => [
      m.messageId ?? null,
      String(m.sequenceNumber),
      m.place,
      m.consumer,
      m.type ?? null,
      m.aggregateId ?? null,
      m.since.toISOString(),
      m.reason,
    ]),
  );
  const some = first.length < found.length ? ` The first ${first.length}; --limit N shows more.` : '';
  return {
    text: `${found.length - waiting} dead letters, and ${waiting} messages that wait in the inbox.${some}

${table}

Handle: npm run dead-letters -- retry MESSAGE. Give up: npm run dead-letters -- drop MESSAGE --reason TEXT.`,
    data,
  };
}

async function shown(deps: DecideDeps, found: readonly UnhandledMessage[]): Promise<Answer> {
  const data: object[] = [];
  for (const message of found) {
    const content = await findContent(deps, message);
    data.push({ ...toData(message), ...(content && contentOf(content)) });
  }
  return { text: data.map(fieldsText).join('\n\n'), data };
}

const toData = (message: UnhandledMessage) => ({
  ...message,
  sequenceNumber: String(message.sequenceNumber),
});

function contentOf({
  body,
  aggregateVersion,
  correlationId,
  causationId,
  userId,
  metadata,
  trace,
}: ReceivedMessage) {
  const traceparent = trace?.traceparent;
  return {
    aggregateVersion,
    correlationId,
    causationId,
    userId,
    metadata,
    traceparent,
    body: body.toString(),
  };
}

function fieldsText(data: object): string {
  const { body = '', ...fields } = data as Record<string, unknown>;
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  const lines = Object.entries(fields).map(([name, value]) => `${name.padEnd(width)}  ${valueText(value)}`);
  return `${lines.join('\n')}\n\n${String(body)}`;
}

function valueText(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const TOLD: readonly [keyof Omit<Decided, 'failed'>, string][] = [
  ['handled', 'handled'],
  ['dropped', 'given up'],
  ['repeats', 'handled or given up before'],
  ['waiting', 'waiting in the inbox now'],
  [
    'unreached',
    'not reached: somebody else has them, they are gone, or an earlier one could not be handled now',
  ],
];

function told(decided: Decided): Answer {
  const { failed, unreached } = decided;
  const counts = TOLD.filter(([name]) => decided[name] > 0).map(
    ([name, text]) => `${decided[name]} ${text}.`,
  );
  const table = textTable(
    ['FAILED', 'CONSUMER', 'REASON'],
    failed.map(({ messageId, consumer, reason }) => [messageId, consumer, reason]),
  );
  const text = [...counts, ...(failed.length > 0 ? ['', table, '', 'These stay where they are.'] : [])];
  return {
    text: text.length > 0 ? text.join('\n') : 'There was nothing to do.',
    data: decided,
    notDone: failed.length > 0 || unreached > 0,
  };
}
