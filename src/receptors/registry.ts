import { CREATE_ORDER } from '../core/messages/create-order.ts';
import { createOrderReceptor } from './create-order-receptor.ts';

/** Every command that this service takes, and what handles it. */
export const receptors = {
  [CREATE_ORDER]: createOrderReceptor,
};

export type Receptors = typeof receptors;
