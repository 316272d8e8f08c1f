import pg from 'pg';
import {
  type Column,
  MARKED_COLUMNS,
  OUTBOX_COLUMNS,
  PROGRESS_COLUMNS,
} from '../outbox/outbox-definition.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';

export interface InitOptions {
  readonly table: OutboxTable;
  readonly publication: string;
  /** The relay's role, which gets its grants. */
  readonly role?: string | undefined;
}

/**
 * SQL for one transaction, which makes all that the relay needs of a database: what is there already stays, and a table gets the
 * columns that it lacks. For the owner of the table, with CREATE on the database for the publication.
 */
export function initSql({ table, publication, role }: InitOptions): string {
  const { outbox, progress } = table;
  return `-- Who waits for a lock makes others wait behind it. If it fails of this, run it again.
SET LOCAL lock_timeout = '5s';

-- Anyone may insert: message_id, message_type and message_body are enough. The relay alone writes from processed_at on.
${tableSql(outbox, table.table, OUTBOX_COLUMNS)}

-- Nothing is planned by what is in these two, and it takes long to collect.
ALTER TABLE ${outbox} ALTER COLUMN message_body SET STATISTICS 0, ALTER COLUMN metadata SET STATISTICS 0;

-- Marks leave old entries behind: they need room in the two indexes that have all rows.
${indexSql(table)}

-- How far everything is settled, a row for each slot.
${tableSql(progress, 'relay_progress', PROGRESS_COLUMNS)}

${triggerSql(table)}

${publicationSql(outbox, publication)}
${role === undefined ? '' : `\n${grantSql(table, role)}\n`}`;
}

/** The table, or the columns of it that are missing, in this order. */
function tableSql(table: string, name: string, columns: readonly Column[]): string {
  const [first, ...others] = columns.map(({ name: column, type, rest }) =>
    [column, type, ...(rest === undefined ? [] : [rest.replace('$table', name)])].join(' '),
  );
  const added = others.map((column) => `  ADD COLUMN IF NOT EXISTS ${column}`);
  return `CREATE TABLE IF NOT EXISTS ${table} (${first});\nALTER TABLE ${table}\n${added.join(',\n')};`;
}

function indexSql({ table, outbox }: OutboxTable): string {
  const index = (what: string) =>
    `CREATE INDEX IF NOT EXISTS ${pg.escapeIdentifier(`idx_${table}_${what}`)} ON ${outbox}`;
  return `${index('unsettled')} (position)
  WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL;
${index('held')} (aggregate_id, position)
  WHERE (parked_at IS NOT NULL OR deferred_at IS NOT NULL) AND processed_at IS NULL AND dropped_at IS NULL;
${index('aggregate_id')} (aggregate_id)
  WITH (fillfactor = 45) WHERE aggregate_id IS NOT NULL;`;
}

function triggerSql({ schema, table, outbox }: OutboxTable): string {
  const trigger = pg.escapeIdentifier(`${table}_message_is_immutable`);
  const fn = schema === undefined ? trigger : `${pg.escapeIdentifier(schema)}.${trigger}`;
  return `-- A re-send must carry the same id and the same bytes. UPDATE OF: the relay's marks never run it.
CREATE OR REPLACE FUNCTION ${fn}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an outbox message does not change once inserted; insert another one'
    USING ERRCODE = 'restrict_violation', TABLE = ${pg.escapeLiteral(table)};
END $$;
CREATE OR REPLACE TRIGGER ${trigger}
  BEFORE UPDATE OF message_id, message_type, message_body ON ${outbox}
  FOR EACH ROW EXECUTE FUNCTION ${fn}();`;
}

function publicationSql(outbox: string, publication: string): string {
  return `-- Inserts only: the relay's own marks and the retention's deletes must not come back to it as events.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = ${pg.escapeLiteral(publication)}) THEN
    CREATE PUBLICATION ${pg.escapeIdentifier(publication)} FOR TABLE ${outbox}
      WITH (publish = 'insert', publish_via_partition_root = true);
  END IF;
END $$;`;
}

function grantSql({ schema, outbox, progress }: OutboxTable, role: string): string {
  const to = `TO ${pg.escapeIdentifier(role)}`;
  return [
    ...(schema === undefined ? [] : [`GRANT USAGE ON SCHEMA ${pg.escapeIdentifier(schema)} ${to};`]),
    `GRANT SELECT, DELETE ON ${outbox} ${to};`,
    `GRANT UPDATE (${MARKED_COLUMNS.join(', ')}) ON ${outbox} ${to};`,
    `GRANT SELECT, INSERT, UPDATE ON ${progress} ${to};`,
  ].join('\n');
}
