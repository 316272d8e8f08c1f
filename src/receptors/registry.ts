import { CANCEL_ORDER } from '../messages/cancel-order.ts';
import { CREATE_ORDER } from '../messages/create-order.ts';
import { EXPIRE_ORDER } from '../messages/expire-order.ts';
import { RECORD_FAILED_PAYMENT } from '../messages/record-failed-payment.ts';
import { RECORD_PAYMENT } from '../messages/record-payment.ts';
import { RECORD_SHIPMENT } from '../messages/record-shipment.ts';
import { WITHDRAW_ORDER } from '../messages/withdraw-order.ts';
import { expired, paid, paymentFailed, shipped, withdrawn } from '../orders/occurrences.ts';
import { cancelOrderReceptor } from './cancel-order-receptor.ts';
import { createOrderReceptor } from './create-order-receptor.ts';
import { recordingReceptor } from './recording-receptor.ts';

/** Every command that this service takes, and what handles it. */
export const receptors = {
  [CREATE_ORDER]: createOrderReceptor,
  [CANCEL_ORDER]: cancelOrderReceptor,
  [EXPIRE_ORDER]: recordingReceptor(expired),
  [WITHDRAW_ORDER]: recordingReceptor(withdrawn),
  [RECORD_PAYMENT]: recordingReceptor(paid),
  [RECORD_FAILED_PAYMENT]: recordingReceptor(paymentFailed),
  [RECORD_SHIPMENT]: recordingReceptor(shipped),
};

export type Receptors = typeof receptors;
