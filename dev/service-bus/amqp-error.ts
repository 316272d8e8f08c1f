/** What the broker answers when it refuses: the condition is what clients decide by, the text is for people. */
export interface AmqpError {
  readonly condition: string;
  readonly description: string;
}

/** The texts follow the real service: the SDK reads the entity-not-found one to find its code. */
export const refusal = {
  serverBusy: (namespace: string): AmqpError => ({
    condition: 'com.microsoft:server-busy',
    description: `The request was terminated because the namespace ${namespace} is being throttled. Error code : 50009. Please wait 2 seconds and try again.`,
  }),
  notFound: (address: string): AmqpError => ({
    condition: 'amqp:not-found',
    description: `The messaging entity '${address}' could not be found. To know more visit https://aka.ms/sbResourceMgrExceptions.`,
  }),
  disabled: (path: string): AmqpError => ({
    condition: 'com.microsoft:entity-disabled',
    description: `Messaging entity '${path}' is currently disabled.`,
  }),
  preconditionFailed: (): AmqpError => ({
    condition: 'amqp:precondition-failed',
    description: 'The message does not meet a condition of the entity.',
  }),
  quotaExceeded: (path: string, sizeBytes: number, limitBytes: number): AmqpError => ({
    condition: 'amqp:resource-limit-exceeded',
    description: `The maximum entity size has been reached or exceeded for '${path}'. Size of entity in bytes: ${sizeBytes}, Max entity size in bytes: ${limitBytes}.`,
  }),
  sizeExceeded: (sizeBytes: number, limitBytes: number): AmqpError => ({
    condition: 'amqp:link:message-size-exceeded',
    description: `The received message (delivery-id:0, size:${sizeBytes} bytes) exceeds the limit (${limitBytes} bytes) currently allowed on the link.`,
  }),
  unauthorized: (reason: string): AmqpError => ({
    condition: 'amqp:unauthorized-access',
    description: reason,
  }),
  noClaim: (right: string, address: string): AmqpError => ({
    condition: 'amqp:unauthorized-access',
    description: noClaimText(right, address),
  }),
  tokenExpired: (right: string, address: string): AmqpError => ({
    condition: 'amqp:link:detach-forced',
    description: `The link is force detached. Code: RenewToken. Details: ${noClaimText(right, address)}`,
  }),
  connectionsExceeded: (namespace: string): AmqpError => ({
    condition: 'amqp:resource-limit-exceeded',
    description: `ConnectionsQuotaExceeded for namespace: ${namespace}.`,
  }),
  notAMessage: (reason: string): AmqpError => ({ condition: 'amqp:decode-error', description: reason }),
  messageLockLost: (): AmqpError => ({
    condition: 'com.microsoft:message-lock-lost',
    description:
      'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.',
  }),
  sessionLockLost: (sessionId: string): AmqpError => ({
    condition: 'com.microsoft:session-lock-lost',
    description: `The session lock has expired on the session with id '${sessionId}'. Accept a new session.`,
  }),
  sessionCannotBeLocked: (sessionId: string): AmqpError => ({
    condition: 'com.microsoft:session-cannot-be-locked',
    description: `The requested session '${sessionId}' cannot be accepted. It may be locked by another receiver.`,
  }),
  sessionRequired: (path: string): AmqpError => ({
    condition: 'amqp:not-allowed',
    description: `It is not possible for an entity that requires sessions to create a non-sessionful message receiver. '${path}' requires sessions.`,
  }),
  noSessions: (path: string): AmqpError => ({
    condition: 'amqp:not-allowed',
    description: `A sessionful message receiver cannot be created on an entity that does not require sessions: '${path}'.`,
  }),
  noSessionInTime: (timeoutMs: number): AmqpError => ({
    condition: 'com.microsoft:timeout',
    description: `The operation did not complete within the allotted timeout of ${timeoutMs} ms: no session became available.`,
  }),
  messageNotFound: (): AmqpError => ({
    condition: 'com.microsoft:message-not-found',
    description: 'Failed to lock one or more specified messages. The message does not exist.',
  }),
  notImplemented: (operation: string): AmqpError => ({
    condition: 'amqp:not-implemented',
    description: `The operation '${operation}' is not supported by this broker.`,
  }),
  invalidArgument: (reason: string): AmqpError => ({
    condition: 'com.microsoft:argument-error',
    description: reason,
  }),
  alreadyExists: (address: string): AmqpError => ({
    condition: 'com.microsoft:entity-already-exists',
    description: `The messaging entity '${address}' already exists.`,
  }),
  alreadyDead: (): AmqpError => ({
    condition: 'amqp:not-allowed',
    description: 'A message of a dead-letter queue cannot be dead-lettered.',
  }),
  idleLink: (timer: string, idleMs: number): AmqpError => ({
    condition: 'amqp:link:detach-forced',
    description: `The link is force detached. Details: ${timer}.IdleTimerExpired: Idle timeout: ${timeText(idleMs)}.`,
  }),
  inactiveConnection: (inactiveMs: number): AmqpError => ({
    condition: 'amqp:connection:forced',
    description: `The connection was inactive for more than the allowed ${inactiveMs} milliseconds and is closed by container 'LinkTracker'.`,
  }),
  connectionForced: (): AmqpError => ({
    condition: 'amqp:connection:forced',
    description: 'The connection was closed by the service.',
  }),
};

function noClaimText(right: string, address: string): string {
  return `Unauthorized access. '${right}' claim(s) are required to perform this operation. Resource: '${address}'.`;
}

/** As .NET writes it: 00:10:00. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
