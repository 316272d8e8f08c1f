import { CANCEL_ORDER } from '../messages/cancel-order.ts';
import { CREATE_ORDER } from '../messages/create-order.ts';
import { cancelOrderReceptor } from './cancel-order-receptor.ts';
import { createOrderReceptor } from './create-order-receptor.ts';

/** Every command that this service takes, and what handles it. */
export const receptors = {
  [CREATE_ORDER]: createOrderReceptor,
  [CANCEL_ORDER]: cancelOrderReceptor,
};

export type Receptors = typeof receptors;
