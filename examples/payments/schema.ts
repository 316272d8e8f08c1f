/** The messages that were received; this service keeps nothing else. The outbox: drizzle/0000_outbox.sql. */
export { inbox } from '../../src/db/schema.ts';
