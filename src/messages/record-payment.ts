import { type Static, Type } from '@sinclair/typebox';
import { Amount, foreignId, OrderId } from './order-fields.ts';

export const RECORD_PAYMENT = 'RecordPayment';

/** The command to record that an order is paid. */
export const RecordPayment = Type.Object(
  { orderId: OrderId, paymentId: foreignId('pay-1'), amount: Amount },
  { additionalProperties: false },
);
export type RecordPayment = Static<typeof RecordPayment>;
