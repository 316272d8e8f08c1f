// What Service Bus takes: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas

/** The Standard tier's limit of a message and of a batch; a link tells of a larger one. */
export const LEAST_MESSAGE_BYTES = 256 * 1024;
/** Of a batch, whatever a link says of single messages. */
export const PREMIUM_BATCH_BYTES = 1024 * 1024;
/** What each batch keeps free for its envelope. */
export const SPARE_ENVELOPE_BYTES = 4 * 1024;
export const MAX_PROPERTY_BYTES = 32 * 1024;
/** All of a message but its body: what the service itself sets as well, for which some is kept free. */
export const MAX_HEADER_BYTES = 63 * 1024;
export const MAX_ID_LENGTH = 128;
