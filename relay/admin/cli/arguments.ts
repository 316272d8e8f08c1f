import { parseArgs } from 'node:util';
import { AdminError } from '../admin-error.ts';
import type { TimeRange } from '../outbox-admin.ts';

export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'confirm' }
  | { readonly name: 'init'; readonly role: string | undefined; readonly apply: boolean }
  | { readonly name: 'list'; readonly limit: number }
  | { readonly name: 'show' | 'retry'; readonly messageId: string }
  | { readonly name: 'drop'; readonly messageId: string; readonly reason: string }
  | { readonly name: 'replay'; readonly range: TimeRange; readonly dryRun: boolean };

const options = {
  limit: { type: 'string' },
  reason: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  'dry-run': { type: 'boolean' },
  role: { type: 'string' },
  apply: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What each command takes beside --json: how many words, and which options. */
const TAKES = new Map<string, { readonly words: string[]; readonly options: string[] }>([
  ['help', { words: [], options: [] }],
  ['init', { words: [], options: ['role', 'apply'] }],
  ['list', { words: [], options: ['limit'] }],
  ['show', { words: ['ID'], options: [] }],
  ['retry', { words: ['ID'], options: [] }],
  ['drop', { words: ['ID'], options: ['reason'] }],
  ['replay', { words: [], options: ['from', 'to', 'dry-run'] }],
  ['confirm', { words: [], options: [] }],
]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;

/** What is asked for, checked as far as the words alone allow. Throws USAGE_INVALID that says what is wrong. */
export function parseCommand(args: readonly string[]): { readonly command: Command; readonly json: boolean } {
  const { values, positionals } = parse(args);
  const [name = 'help', ...words] = positionals;
  const json = values.json ?? false;
  if (values.help) return { command: { name: 'help' }, json };
  const takes = TAKES.get(name);
  if (!takes) throw wrong(`There is no command ${name}`);
  if (words.length !== takes.words.length)
    throw wrong(`${name} takes ${takes.words.join(' ') || 'no further word'}`);
  const foreign = Object.keys(values).find((option) => option !== 'json' && !takes.options.includes(option));
  if (foreign) throw wrong(`${name} does not take --${foreign}`);
  return { command: toCommand(name, words[0] ?? '', values), json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw wrong((error as Error).message, error);
  }
}

function toCommand(name: string, word: string, values: ReturnType<typeof parse>['values']): Command {
  switch (name) {
    case 'list':
      return { name, limit: toLimit(values.limit ?? '20') };
    case 'show':
    case 'retry':
      return { name, messageId: toMessageId(word) };
    case 'drop':
      if (!values.reason?.trim())
        throw wrong('drop needs --reason TEXT: it stays with the message, for those who ask later');
      return { name, messageId: toMessageId(word), reason: values.reason.trim() };
    case 'replay':
      return { name, range: toRange(values.from, values.to), dryRun: values['dry-run'] ?? false };
    case 'confirm':
      return { name };
    case 'init':
      if (values.role === '') throw wrong('--role needs the name of a role');
      return { name, role: values.role, apply: values.apply ?? false };
    default:
      return { name: 'help' };
  }
}

function toLimit(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw wrong('--limit must be a number from 1 to 99999');
  return Number(text);
}

function toMessageId(text: string): string {
  if (!UUID.test(text))
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
