import { type Static, Type } from '@sinclair/typebox';
import { foreignId, OrderId } from './order-fields.ts';

export const RECORD_SHIPMENT = 'RecordShipment';

/** The command to record that an order is on its way. */
export const RecordShipment = Type.Object(
  { orderId: OrderId, shipmentId: foreignId('ship-1') },
  { additionalProperties: false },
);
export type RecordShipment = Static<typeof RecordShipment>;
