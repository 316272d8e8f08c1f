/** A column that the relay uses. */
export interface Column {
  readonly name: string;
  /** As it has to be; `anyType`: the relay reads it as text, whatever it is. */
  readonly type: string;
  readonly anyType?: true;
  /** SQL: what else belongs to it. */
  readonly rest?: string;
}

const TIME = 'timestamp(3) with time zone';

/** The columns of the outbox, those that every message has first. $table stands for the table's name in what is named after it. */
export const OUTBOX_COLUMNS: readonly Column[] = [
  { name: 'message_id', type: 'uuid', rest: 'PRIMARY KEY WITH (fillfactor = 45)' },
  { name: 'message_type', type: 'text', anyType: true, rest: 'NOT NULL' },
  { name: 'message_body', type: 'jsonb', anyType: true, rest: 'NOT NULL' },
  { name: 'created_at', type: TIME, rest: 'NOT NULL DEFAULT now()' },
  { name: 'position', type: 'bigint', rest: 'GENERATED ALWAYS AS IDENTITY' },
  { name: 'aggregate_id', type: 'text', anyType: true },
  { name: 'correlation_id', type: 'text', anyType: true },
  { name: 'causation_id', type: 'text', anyType: true },
  { name: 'user_id', type: 'text', anyType: true },
  {
    name: 'metadata',
    type: 'jsonb',
    anyType: true,
    rest: `CONSTRAINT "$table_metadata_valid" CHECK (metadata IS NULL OR jsonb_typeof(metadata) = 'object')`,
  },
  { name: 'traceparent', type: 'text', anyType: true },
  { name: 'tracestate', type: 'text', anyType: true },
  { name: 'processed_at', type: TIME },
  { name: 'parked_at', type: TIME },
  { name: 'dropped_at', type: TIME },
  { name: 'retry_count', type: 'integer', rest: 'NOT NULL DEFAULT 0' },
  { name: 'next_retry_at', type: TIME },
  { name: 'error_message', type: 'text' },
  { name: 'deferred_at', type: TIME },
  { name: 'aggregate_version', type: 'integer', anyType: true },
  { name: 'destination', type: 'text', anyType: true },
];

/** Those that the relay writes. */
export const MARKED_COLUMNS = [
  'processed_at',
  'parked_at',
  'dropped_at',
  'retry_count',
  'next_retry_at',
  'error_message',
  'deferred_at',
] as const;

/** The columns of relay_progress. */
export const PROGRESS_COLUMNS: readonly Column[] = [
  { name: 'slot', type: 'text', rest: 'PRIMARY KEY' },
  { name: 'settled_lsn', type: 'pg_lsn' },
  { name: 'marked_lsn', type: 'pg_lsn' },
  { name: 'publication_version', type: 'text' },
  { name: 'system_identifier', type: 'text', rest: 'NOT NULL' },
  { name: 'timeline', type: 'integer', rest: 'NOT NULL' },
  { name: 'epoch', type: 'bigint', rest: 'NOT NULL' },
  { name: 'updated_at', type: TIME, rest: 'NOT NULL DEFAULT now()' },
  { name: 'confirmed_at', type: TIME },
];
