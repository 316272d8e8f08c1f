import { parseArgs } from 'node:util';
import { AdminError } from '../admin-error.ts';
import { isMessageId } from '../message-id.ts';
import type { TimeRange } from '../outbox-admin.ts';
import type { ParkedSelection } from '../parked-selection.ts';

export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'confirm' | 'status' }
  | { readonly name: 'init'; readonly role: string | undefined; readonly apply: boolean }
  | { readonly name: 'guard'; readonly maxBytes: number }
  | { readonly name: 'list'; readonly limit: number }
  | { readonly name: 'show' | 'retry'; readonly messageId: string }
  | { readonly name: 'drop'; readonly messageId: string; readonly reason: string }
  | { readonly name: 'retry-parked'; readonly selection: ParkedSelection; readonly yes: boolean }
  | {
      readonly name: 'drop-parked';
      readonly selection: ParkedSelection;
      readonly reason: string;
      readonly yes: boolean;
    }
  | { readonly name: 'replay'; readonly range: TimeRange; readonly dryRun: boolean };

const options = {
  limit: { type: 'string' },
  reason: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  'dry-run': { type: 'boolean' },
  'max-wal': { type: 'string' },
  type: { type: 'string' },
  order: { type: 'string' },
  'reason-like': { type: 'string' },
  all: { type: 'boolean' },
  yes: { type: 'boolean' },
  role: { type: 'string' },
  apply: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const SELECTION = ['type', 'order', 'reason-like', 'all'] as const;
/** What each command takes beside --json: how many words, and which options. */
const TAKES = new Map<string, { readonly words: string[]; readonly options: string[] }>([
  ['help', { words: [], options: [] }],
  ['init', { words: [], options: ['role', 'apply'] }],
  ['status', { words: [], options: [] }],
  ['list', { words: [], options: ['limit'] }],
  ['show', { words: ['ID'], options: [] }],
  ['retry', { words: ['ID'], options: [...SELECTION, 'yes'] }],
  ['drop', { words: ['ID'], options: ['reason', ...SELECTION, 'yes'] }],
  ['replay', { words: [], options: ['from', 'to', 'dry-run'] }],
  ['guard', { words: [], options: ['max-wal'] }],
  ['confirm', { words: [], options: [] }],
]);
const TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;

/** What is asked for, checked as far as the words alone allow. Throws USAGE_INVALID that says what is wrong. */
export function parseCommand(args: readonly string[]): { readonly command: Command; readonly json: boolean } {
  const { values, positionals } = parse(args);
  const [name = 'help', ...words] = positionals;
  const json = values.json ?? false;
  if (values.help) return { command: { name: 'help' }, json };
  const takes = TAKES.get(name);
  if (!takes) throw wrong(`There is no command ${name}`);
  const selection = takes.options.includes('all') ? toSelection(values) : undefined;
  if (words.length !== (selection ? 0 : takes.words.length))
    throw wrong(
      selection
        ? `${name} takes either an ID or a selection`
        : `${name} takes ${takes.words.join(' ') || 'no further word'}`,
    );
  const foreign = Object.keys(values).find((option) => option !== 'json' && !takes.options.includes(option));
  if (foreign) throw wrong(`${name} does not take --${foreign}`);
  if (values.yes && !selection) throw wrong(`--yes is for ${name} with a selection; one ID needs none`);
  return { command: toCommand(name, words[0] ?? '', values, selection), json };
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw wrong((error as Error).message, error);
  }
}

function toCommand(name: string, word: string, values: Values, selection?: ParkedSelection): Command {
  const yes = values.yes ?? false;
  switch (name) {
    case 'list':
      return { name, limit: toLimit(values.limit ?? '20') };
    case 'show':
      return { name, messageId: toMessageId(word) };
    case 'retry':
      return selection ? { name: 'retry-parked', selection, yes } : { name, messageId: toMessageId(word) };
    case 'drop': {
      const reason = values.reason?.trim();
      if (!reason)
        throw wrong('drop needs --reason TEXT: it stays with the message, for those who ask later');
      return selection
        ? { name: 'drop-parked', selection, reason, yes }
        : { name, messageId: toMessageId(word), reason };
    }
    case 'replay':
      return { name, range: toRange(values.from, values.to), dryRun: values['dry-run'] ?? false };
    case 'guard':
      return { name, maxBytes: toBytes(values['max-wal']) };
    case 'confirm':
    case 'status':
      return { name };
    case 'init':
      if (values.role === '') throw wrong('--role needs the name of a role');
      return { name, role: values.role, apply: values.apply ?? false };
    default:
      return { name: 'help' };
  }
}

/** Undefined if none of its options is given. */
function toSelection(values: Values): ParkedSelection | undefined {
  const given = SELECTION.filter((option) => values[option] !== undefined);
  if (given.length === 0) return undefined;
  if (values.all && given.length > 1)
    throw wrong(`--all is everything that is parked: leave out --${given[0]}`);
  for (const option of given) if (values[option] === '') throw wrong(`--${option} needs a text`);
  return { messageType: values.type, aggregateId: values.order, reasonHas: values['reason-like'] };
}

function toLimit(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw wrong('--limit must be a number from 1 to 99999');
  return Number(text);
}

function toBytes(text = ''): number {
  const [, count, unit = ''] = /^([1-9]\d{0,8})(MB|GB|TB)$/.exec(text) ?? [];
  if (!count) throw wrong('guard needs --max-wal SIZE, such as 500MB, 20GB or 1TB');
  return Number(count) * (BYTES[unit] ?? 1);
}

/** As PostgreSQL counts them. */
const BYTES: Readonly<Record<string, number>> = { MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

function toMessageId(text: string): string {
  if (!isMessageId(text))
    throw wrong(`${text} is no message id: they look like 01a2061d-4c17-70c2-86cf-054c0e53a32b`);
  return text.toLowerCase();
}

function toRange(from: string | undefined, to: string | undefined): TimeRange {
  if (from === undefined || to === undefined) throw wrong('replay needs --from TIME and --to TIME');
  if (toTime('--from', from) > toTime('--to', to)) throw wrong(`--from ${from} is after --to ${to}`);
  return { from, to };
}

function toTime(option: string, text: string): number {
  const [, day] = TIME.exec(text) ?? [];
  const time = day ? Date.parse(text) : Number.NaN;
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(time) || !new Date(`${day}T00:00Z`).toISOString().startsWith(`${day}T`)) {
    throw wrong(`${option} ${text} must be a time with its zone, such as 2026-11-23T14:30:00Z`);
  }
  return time;
}

function wrong(message: string, cause?: unknown): AdminError {
  return new AdminError('USAGE_INVALID', message, { cause });
}
