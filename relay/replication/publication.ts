import type pg from 'pg';
import { MESSAGE_COLUMNS, SETTLED_COLUMNS } from '../outbox/outbox-columns.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { RelayError } from '../relay-error.ts';

export interface Publication {
  /** Another one later means that it or its table has been changed, and rows may have passed by meanwhile. */
  readonly version: string;
  /** Which of the tables in the stream is the outbox; another one with this version. */
  readonly outboxOid: number;
}

interface PublicationRow {
  /** Changes with every ALTER: the catalog row's id and the transaction that wrote it. */
  version: string;
  inserts: boolean;
  tables: PublishedTable[];
}

interface PublishedTable {
  oid: number;
  version: string;
  name: string;
  filter: string | null;
  /** Columns that do not pass, those aside that PostgreSQL generates. */
  missing: string[];
  /** Columns of a message that PostgreSQL generates, and that do not pass. */
  generated: string[];
}

interface Outbox {
  oid: number;
  /** With its schema. */
  name: string;
}

const USED_COLUMNS = [...Object.values(MESSAGE_COLUMNS), ...SETTLED_COLUMNS];

/**
 * Checks that the publication passes every insert into the outbox, whole. PostgreSQL itself says nothing: rows of a table that
 * was dropped and made again, or hidden by a filter, are skipped and acknowledged. Throws PUBLICATION_UNUSABLE with what to do.
 */
export async function inspectPublication(
  db: pg.Pool | pg.ClientBase,
  name: string,
  table: OutboxTable,
): Promise<Publication> {
  const { rows } = await db.query<PublicationRow>(
    `SELECT p.oid || '.' || p.xmin AS version, p.pubinsert AS inserts, coalesce(jsonb_agg(jsonb_build_object(
         'oid', c.oid::bigint, 'version', r.oid || '.' || r.xmin, 'filter', t.rowfilter,
         'name', quote_ident(t.schemaname) || '.' || quote_ident(t.tablename),
         'missing', (SELECT coalesce(jsonb_agg(a.attname), '[]') FROM pg_attribute a WHERE a.attrelid = c.oid
           AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> ALL (t.attnames)),
         'generated', (SELECT coalesce(jsonb_agg(a.attname), '[]') FROM pg_attribute a WHERE a.attrelid = c.oid
           AND NOT a.attisdropped AND a.attgenerated <> '' AND a.attname = ANY ($2) AND a.attname <> ALL (t.attnames))
       )) FILTER (WHERE c.oid IS NOT NULL), '[]') AS tables
     FROM pg_publication p
     LEFT JOIN pg_publication_tables t ON t.pubname = p.pubname
     LEFT JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.schemaname) || '.' || quote_ident(t.tablename))
     LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
     WHERE p.pubname = $1 GROUP BY p.oid, p.xmin, p.pubinsert`,
    [name, USED_COLUMNS],
  );
  const [publication] = rows;
  const outbox = await findOutbox(db, table);
  const fault = findFault(publication, outbox, table);
  if (publication && outbox && !fault) {
    return {
      version: [publication, ...publication.tables].map(({ version }) => version).join(' '),
      outboxOid: outbox.oid,
    };
  }
  throw new RelayError('PUBLICATION_UNUSABLE', `The publication ${name} ${fault}`);
}

/** Undefined if the publication can be used, else what is wrong with it and the statement that mends it. */
export function findFault(
  publication: PublicationRow | undefined,
  outbox: Outbox | undefined,
  { name }: OutboxTable,
): string | undefined {
  if (!publication) return 'does not exist. Run: npm run outbox -- init';
  if (!publication.inserts) return "does not publish inserts: ALTER PUBLICATION ... SET (publish = 'insert')";
  if (!outbox) return `is there, and the table ${name} is not`;
  const table = publication.tables.find(({ oid }) => oid === outbox.oid);
  if (!table) return `does not contain the table ${name}: ALTER PUBLICATION ... SET TABLE ${outbox.name}`;
  if (table.filter)
    return `has a row filter, which hides events: ALTER PUBLICATION ... SET TABLE ${table.name}`;
  if (table.missing.length > 0) {
    return `has a column list without ${table.missing.join(', ')}: ALTER PUBLICATION ... SET TABLE ${table.name}`;
  }
  if (table.generated.length > 0) {
    return `does not publish ${table.generated.join(', ')}, which PostgreSQL generates: make it an ordinary column of ${table.name}, or on 18 ALTER PUBLICATION ... SET (publish_generated_columns = stored)`;
  }
  const [other] = publication.tables.filter(({ oid }) => oid !== outbox.oid);
  return (
    other && `also contains ${other.name}, which is no outbox: ALTER PUBLICATION ... DROP TABLE ${other.name}`
  );
}

async function findOutbox(db: pg.Pool | pg.ClientBase, { outbox }: OutboxTable): Promise<Outbox | undefined> {
  const { rows } = await db.query<Outbox>(
    `SELECT oid, relnamespace::regnamespace || '.' || quote_ident(relname) AS name FROM pg_class WHERE oid = to_regclass($1)`,
    [outbox],
  );
  return rows[0];
}
