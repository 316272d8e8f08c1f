import { textTable } from '../../../src/core/text-table.ts';
import { type Routing, withDestination } from '../../outbox/routing.ts';
import { AdminError } from '../admin-error.ts';
import { confirmDatabase } from '../confirm-database.ts';
import { type Changed, countPublished, dropMessage, replayPublished, retryMessage } from '../outbox-admin.ts';
import {
  findMessage,
  inspectOutbox,
  messageState,
  type Overview,
  type StoredMessage,
  type WholeMessage,
} from '../outbox-inspection.ts';
import { inspectStatus, type StatusDeps } from '../outbox-status.ts';
import { countParked, dropParked, retryParked } from '../parked-selection.ts';
import type { Command } from './arguments.ts';
import { statusText } from './status-text.ts';

/** What a command has to say, for people and for machines. */
export interface Answer {
  readonly text: string;
  readonly data: unknown;
  /** It was only counted: who asked has to say that it is meant. */
  readonly needsYes?: true;
}

export type ToCarryOut = Exclude<Command, { name: 'help' | 'init' | 'guard' }>;

export type CommandDeps = StatusDeps;

/** Carries a command out; throws AppErrors that name what to do, and what `pg` throws. */
export async function runCommand(deps: CommandDeps, command: ToCarryOut): Promise<Answer> {
  const { pool, table, slot, routing } = deps;
  switch (command.name) {
    case 'status': {
      const status = await inspectStatus(deps);
      return { text: statusText(status, new Date()), data: status };
    }
    case 'list': {
      const overview = routed(await inspectOutbox(pool, table, command.limit), routing);
      return { text: overviewText(overview), data: overview };
    }
    case 'show': {
      const message = await findMessage(pool, table, command.messageId);
      if (!message)
        throw new AdminError('MESSAGE_NOT_FOUND', `There is no message ${command.messageId} in the outbox`);
      const shown = withDestination(message, routing);
      return { text: messageText(shown), data: { state: messageState(shown), ...shown } };
    }
    case 'retry': {
      const changed = await retryMessage(pool, table, command.messageId);
      return {
        text: `${changed.messageId} is to be sent again${whatFollows(changed)}\nIf the broker still cannot take it, it is parked again.`,
        data: changed,
      };
    }
    case 'drop': {
      const changed = await dropMessage(pool, table, command.messageId, command.reason);
      return {
        text: `${changed.messageId} is given up and never sent${whatFollows(changed)}`,
        data: changed,
      };
    }
    case 'retry-parked': {
      const { selection, yes } = command;
      if (!yes) return asksFor('sent again', await countParked(pool, table, selection));
      const count = await retryParked(pool, table, selection);
      return {
        text: `${count} messages are to be sent again, and after each what waits for it. What the broker still refuses is parked again.`,
        data: { count },
      };
    }
    case 'drop-parked': {
      const { selection, reason, yes } = command;
      if (!yes) return asksFor('given up, for good', await countParked(pool, table, selection));
      const count = await dropParked(pool, table, selection, reason);
      return {
        text: `${count} messages are given up and never sent; what waits for them goes on.`,
        data: { count },
      };
    }
    case 'replay': {
      const { range, dryRun } = command;
      if (dryRun) {
        const count = await countPublished(pool, table, range);
        return {
          text: `${count} messages would be sent again. Nothing was changed.`,
          data: { count, dryRun },
        };
      }
      let count = 0;
      for await (const soFar of replayPublished(pool, table, range)) count = soFar;
      return {
        text: count === 0 ? 'Nothing was published at that time.' : replayText(count),
        data: { count, dryRun },
      };
    }
    case 'confirm': {
      const { systemIdentifier, timeline } = await confirmDatabase(pool, table, slot);
      return {
        text: `The relay of the slot ${slot} goes on with this database: cluster ${systemIdentifier}, timeline ${timeline}.
What is unsettled in it is sent, some of it perhaps for the second time, with the same ids.`,
        data: { slot, systemIdentifier, timeline },
      };
    }
  }
}

function routed({ parked, unsettled, ...counts }: Overview, routing: Routing): Overview {
  const each = (messages: readonly StoredMessage[]) => messages.map((one) => withDestination(one, routing));
  return { ...counts, parked: each(parked), unsettled: each(unsettled) };
}

function asksFor(what: string, count: Awaited<ReturnType<typeof countParked>>): Answer {
  const { messages, orders } = count;
  return {
    text: `${messages} parked messages of ${orders} orders would be ${what}. Nothing was changed: --yes does it.`,
    data: { ...count, changed: false },
    needsYes: true,
  };
}

function whatFollows({ aggregateId }: Changed): string {
  return aggregateId === null
    ? '.'
    : `; what waits for it of order ${aggregateId} follows, unless another message of that order is parked.`;
}

function replayText(count: number): string {
  return `${count} messages are to be sent again, the oldest first: the relay settles the table anew.
They carry the same ids: a broker that detects duplicates drops those that it has taken within its window.`;
}

function overviewText({ parked, parkedCount, unsettled, unsettledCount }: Overview): string {
  const parkedTable = textTable(
    ['MESSAGE', 'TYPE', 'ENTITY', 'ORDER', 'PARKED', 'WAITING', 'REASON'],
    parked.map((m) => [
      m.messageId,
      m.messageType,
      m.destination,
      m.aggregateId,
      m.parkedAt,
      m.waiting,
      m.errorMessage,
    ]),
  );
  const unsettledTable = textTable(
    ['MESSAGE', 'TYPE', 'ENTITY', 'ORDER', 'CREATED', 'FAILURES', 'NEXT TRY', 'LAST ERROR'],
    unsettled.map((m) => [
      m.messageId,
      m.messageType,
      m.destination,
      m.aggregateId,
      m.createdAt,
      m.retryCount,
      m.nextRetryAt,
      m.errorMessage,
    ]),
  );
  const parkedText =
    parkedCount === 0
      ? 'Nothing is parked.'
      : `${parkedCount} parked: the broker can never take them, and their orders wait.${firstOf(parked, parkedCount)}

${parkedTable}

Send again: npm run outbox -- retry MESSAGE. Give up: npm run outbox -- drop MESSAGE --reason TEXT.`;
  const unsettledText =
    unsettledCount === 0
      ? 'Nothing else is unsettled.'
      : `${unsettledCount} unsettled: on their way to the broker, or to be sent again.${firstOf(unsettled, unsettledCount)}

${unsettledTable}`;
  return `${parkedText}\n\n${unsettledText}`;
}

function firstOf(shown: readonly unknown[], count: number): string {
  return shown.length < count ? ` The oldest ${shown.length}; --limit N shows more.` : '';
}

function messageText(message: WholeMessage): string {
  const { body, ...fields } = { state: messageState(message), ...message };
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  const lines = Object.entries(fields).map(([name, value]) => `${name.padEnd(width)}  ${value ?? '-'}`);
  return `${lines.join('\n')}\n\n${body}`;
}
