import type pg from 'pg';
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
  tables: { oid: number; version: string; name: string; filter: string | null; missing: string[] }[];
}

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
         'oid', c.oid::bigint, 'version', r.oid || '.' || r.xmin, 'name', t.schemaname || '.' || t.tablename, 'filter', t.rowfilter,
         'missing', (SELECT coalesce(jsonb_agg(a.attname), '[]') FROM pg_attribute a WHERE a.attrelid = c.oid
           AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (t.attnames))
       )) FILTER (WHERE c.oid IS NOT NULL), '[]') AS tables
     FROM pg_publication p
     LEFT JOIN pg_publication_tables t ON t.pubname = p.pubname
     LEFT JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.schemaname) || '.' || quote_ident(t.tablename))
     LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
     WHERE p.pubname = $1 GROUP BY p.oid, p.xmin, p.pubinsert`,
    [name],
  );
  const [publication] = rows;
  const outboxOid = await oidOf(db, table);
  const fault = findFault(publication, outboxOid, table);
  if (publication && outboxOid !== undefined && !fault) {
    return {
      version: [publication, ...publication.tables].map(({ version }) => version).join(' '),
      outboxOid,
    };
  }
  throw new RelayError('PUBLICATION_UNUSABLE', `The publication ${name} ${fault}`);
}

/** Undefined if the publication can be used, else what is wrong with it and the statement that mends it. */
export function findFault(
  publication: PublicationRow | undefined,
  outbox: number | undefined,
  { name, outbox: sql }: OutboxTable,
): string | undefined {
  if (!publication) return 'does not exist. Run: npm run outbox -- init';
  if (!publication.inserts) return "does not publish inserts: ALTER PUBLICATION ... SET (publish = 'insert')";
  const table = publication.tables.find(({ oid }) => oid === outbox);
  if (!table) return `does not contain the table ${name}: ALTER PUBLICATION ... SET TABLE ${sql}`;
  if (table.filter)
    return `has a row filter, which hides events: ALTER PUBLICATION ... SET TABLE ${table.name}`;
  if (table.missing.length > 0) {
    return `has a column list without ${table.missing.join(', ')}: ALTER PUBLICATION ... SET TABLE ${table.name}`;
  }
  const [other] = publication.tables.filter(({ oid }) => oid !== outbox);
  return (
    other && `also contains ${other.name}, which is no outbox: ALTER PUBLICATION ... DROP TABLE ${other.name}`
  );
}

async function oidOf(db: pg.Pool | pg.ClientBase, { outbox }: OutboxTable): Promise<number | undefined> {
  const { rows } = await db.query<{ oid: number | null }>('SELECT to_regclass($1)::oid AS oid', [outbox]);
  return rows[0]?.oid ?? undefined;
}
