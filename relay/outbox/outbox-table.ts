import pg from 'pg';

/** Of the table's name PostgreSQL makes those of indexes and of a trigger, 23 longer, and cuts them off after 63. */
export const OUTBOX_TABLE_PATTERN = '^([A-Za-z_][A-Za-z0-9_]{0,62}\\.)?[A-Za-z_][A-Za-z0-9_]{0,39}$';

/** The table that is relayed and `relay_progress` beside it. Without a schema, search_path decides where they are. */
export interface OutboxTable {
  /** For people: `outbox`, `app.outbox`. */
  readonly name: string;
  readonly schema: string | undefined;
  readonly table: string;
  /** SQL: the table, quoted and with its schema. Every statement has it from here. */
  readonly outbox: string;
  /** SQL: its progress table. */
  readonly progress: string;
}

/** Of a name that OUTBOX_TABLE_PATTERN lets through. Names are taken as they are written, case included. */
export function parseOutboxTable(name: string): OutboxTable {
  const [table = '', schema] = name.split('.').toReversed();
  const beside = (each: string) =>
    [schema, each].flatMap((part) => (part === undefined ? [] : pg.escapeIdentifier(part))).join('.');
  return { name, schema, table, outbox: beside(table), progress: beside('relay_progress') };
}
