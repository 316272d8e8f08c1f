import { CreateOrder } from '../src/messages/create-order.ts';

/** The order of the tutorial, as a client sends it. */
export const [tutorialOrder] = CreateOrder['examples'] as [CreateOrder];
