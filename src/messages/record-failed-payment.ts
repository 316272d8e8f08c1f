import { type Static, Type } from '@sinclair/typebox';
import { foreignReason, OrderId } from './order-fields.ts';

export const RECORD_FAILED_PAYMENT = 'RecordFailedPayment';

/** The command to record that an order could not be paid. */
export const RecordFailedPayment = Type.Object(
  { orderId: OrderId, reason: foreignReason('Card declined') },
  { additionalProperties: false },
);
export type RecordFailedPayment = Static<typeof RecordFailedPayment>;
