import { type Static, Type } from '@sinclair/typebox';
import { foreignId, OrderId } from './order-fields.ts';

export const SHIPMENT_CREATED = 'ShipmentCreated';

/** The shipping service's event that an order is on its way. */
export const ShipmentCreated = Type.Object(
  { orderId: OrderId, shipmentId: foreignId('ship-1') },
  {
    title: 'ShipmentCreated',
    examples: [{ orderId: '0193c0ffee007abc8def0123456789ab', shipmentId: 'ship-1' }],
  },
);
export type ShipmentCreated = Static<typeof ShipmentCreated>;
