import type { CancelOrder } from '../messages/cancel-order.ts';
import type { ExpireOrder } from '../messages/expire-order.ts';
import type { Message } from '../messages/message.ts';
import { ORDER_CANCELLED, type OrderCancelled } from '../messages/order-cancelled.ts';
import { ORDER_PAID, type OrderPaid } from '../messages/order-paid.ts';
import { ORDER_SHIPPED, type OrderShipped } from '../messages/order-shipped.ts';
import type { RecordFailedPayment } from '../messages/record-failed-payment.ts';
import type { RecordPayment } from '../messages/record-payment.ts';
import type { RecordShipment } from '../messages/record-shipment.ts';
import type { WithdrawOrder } from '../messages/withdraw-order.ts';
import { noted, type Occurrence } from './order-change.ts';
import { toReason } from './reason.ts';

// What each command tells an order.

export const cancelledByCustomer = ({ reason }: Pick<CancelOrder, 'reason'>): Occurrence => ({
  happening: 'CancelOrder',
  by: 'customer',
  reason,
  toEvent: cancelled('customer'),
});

export const expired = ({ reason }: ExpireOrder): Occurrence => ({
  happening: 'ExpireOrder',
  by: 'expiry',
  reason,
  toEvent: cancelled('expiry'),
});

export const withdrawn = ({ happening, reason }: WithdrawOrder): Occurrence => ({
  happening,
  by: 'inventory',
  reason: toReason(reason),
  toEvent: cancelled('inventory'),
});

export const paid = ({ paymentId, amount }: RecordPayment): Occurrence => ({
  happening: 'PaymentProcessed',
  by: 'payments',
  reason: `Payment ${paymentId} of ${amount.toFixed(2)}`,
  toEvent: ({ orderId, customerId }, _reason, paidAt): Message<typeof ORDER_PAID, OrderPaid> => ({
    type: ORDER_PAID,
    body: { orderId, customerId, paymentId, amount, paidAt },
  }),
});

export const paymentFailed = ({ reason }: RecordFailedPayment): Occurrence => ({
  happening: 'PaymentFailed',
  by: 'payments',
  reason: toReason(`Payment failed: ${reason}`),
  toEvent: noted('PaymentFailed'),
});

export const shipped = ({ shipmentId }: RecordShipment): Occurrence => ({
  happening: 'ShipmentCreated',
  by: 'shipping',
  reason: `Shipment ${shipmentId}`,
  toEvent: ({ orderId, customerId }, _reason, shippedAt): Message<typeof ORDER_SHIPPED, OrderShipped> => ({
    type: ORDER_SHIPPED,
    body: { orderId, customerId, shipmentId, shippedAt },
  }),
});

function cancelled(cancelledBy: NonNullable<OrderCancelled['cancelledBy']>): Occurrence['toEvent'] {
  return ({ orderId, customerId }, reason, cancelledAt): Message<typeof ORDER_CANCELLED, OrderCancelled> => ({
    type: ORDER_CANCELLED,
    body: { orderId, customerId, reason, cancelledBy, cancelledAt },
  });
}
