import { parseArgs } from 'node:util';
import { AdminError } from '../admin-error.ts';
import type { Selection } from '../unhandled-message.ts';

export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'list'; readonly selection: Selection; readonly limit: number }
  | { readonly name: 'show'; readonly selection: Selection }
  | { readonly name: 'retry'; readonly selection: Selection; readonly yes: boolean }
  | { readonly name: 'drop'; readonly selection: Selection; readonly reason: string; readonly yes: boolean };

const options = {
  consumer: { type: 'string' },
  type: { type: 'string' },
  order: { type: 'string' },
  'reason-like': { type: 'string' },
  all: { type: 'boolean' },
  reason: { type: 'string' },
  limit: { type: 'string' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const FILTERS = ['consumer', 'type', 'order', 'reason-like'] as const;
/** Which options each command takes beside --json and --help. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  help: [],
  list: [...FILTERS, 'limit'],
  show: [],
  retry: [...FILTERS, 'all', 'yes'],
  drop: [...FILTERS, 'all', 'yes', 'reason'],
};

/** What is asked for, checked as far as the words alone allow. Throws USAGE_INVALID that says what is wrong. */
export function parseCommand(args: readonly string[]): { readonly command: Command; readonly json: boolean } {
  const { values, positionals } = parse(args);
  const [name = 'help', id, ...more] = positionals;
  const json = values.json ?? false;
  if (values.help) return { command: { name: 'help' }, json };
  const takes = Object.hasOwn(TAKES, name) ? TAKES[name] : undefined;
  if (!takes) throw wrong(`There is no command ${name}`);
  const foreign = Object.keys(values).find((option) => option !== 'json' && !takes.includes(option));
  if (foreign) throw wrong(`${name} does not take --${foreign}`);
  if (more.length > 0) throw wrong(`${name} takes one ID, not ${more.length + 1}`);
  return { command: toCommand(name, id, values), json };
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw wrong((error as Error).message, error);
  }
}

function toCommand(name: string, id: string | undefined, values: Values): Command {
  switch (name) {
    case 'list':
      if (id !== undefined) throw wrong('list takes no ID: show does');
      return { name, selection: filterOf(values), limit: toLimit(values.limit ?? '20') };
    case 'show':
      if (!id) throw wrong('show takes an ID');
      return { name, selection: { id } };
    case 'retry':
      return { name, ...meantBy(name, id, values) };
    case 'drop': {
      const reason = values.reason?.trim();
      if (!reason)
        throw wrong('drop needs --reason TEXT: it stays with the message, for those who ask later');
      return { name, reason, ...meantBy(name, id, values) };
    }
    default:
      return { name: 'help' };
  }
}

/** One message is done at once; a selection with --yes alone. */
function meantBy(
  name: string,
  id: string | undefined,
  values: Values,
): { selection: Selection; yes: boolean } {
  const given = FILTERS.filter((option) => values[option] !== undefined);
  const selects = values.all === true || given.length > 0;
  if (id !== undefined) {
    if (selects) throw wrong(`${name} takes either an ID or a selection`);
    if (values.yes) throw wrong(`--yes is for ${name} with a selection; one ID needs none`);
    return { selection: { id }, yes: true };
  }
  if (!selects) throw wrong(`${name} takes an ID or a selection`);
  if (values.all && given.length > 0) throw wrong(`--all is everything: leave out --${given[0]}`);
  return { selection: filterOf(values), yes: values.yes ?? false };
}

function filterOf(values: Values): Selection {
  for (const option of FILTERS) if (values[option] === '') throw wrong(`--${option} needs a text`);
  const { consumer, type, order: aggregateId, 'reason-like': reasonHas } = values;
  return { consumer, type, aggregateId, reasonHas };
}

function toLimit(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw wrong('--limit must be a number from 1 to 99999');
  return Number(text);
}

function wrong(message: string, cause?: unknown): AdminError {
  return new AdminError('USAGE_INVALID', message, { cause });
}
