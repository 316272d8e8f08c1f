import { parseOutboxTable } from '../../relay/outbox/outbox-table.ts';

/** The outbox of the order service, as the relay finds it without OUTBOX_TABLE. */
export const OUTBOX = parseOutboxTable('outbox');
