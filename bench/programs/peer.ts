import { ServiceBusClient } from '@azure/service-bus';
import type { PoolConfig } from 'pg';
import {
  createReplicationMutexConcurrencyController,
  createReplicationSemaphoreConcurrencyController,
  getDisabledLogger,
  initializeReplicationMessageListener,
} from 'pg-transactional-outbox';
import { answerRequests } from '../support/worker.ts';

// pg-transactional-outbox in WAL mode, as its README sets it up (a message after the other), or with as many at once as asked for.

export interface PeerRequest {
  readonly url: string;
  readonly connectionString: string;
  readonly slot: string;
  readonly publication: string;
  readonly schema: string;
  readonly atOnce: number;
}

answerRequests(async ({ url, connectionString, slot, publication, schema, atOnce }: PeerRequest) => {
  const sender = new ServiceBusClient(connectionString).createSender('orders');
  await sender.createMessageBatch(); // opens the link
  const { hostname: host, port, username: user, password, pathname } = new URL(url);
  const dbListenerConfig: PoolConfig = {
    host,
    port: Number(port),
    user,
    password,
    database: pathname.slice(1),
  };
  const dbHandlerConfig: PoolConfig = { ...dbListenerConfig, max: Math.min(16, atOnce) };
  initializeReplicationMessageListener(
    {
      outboxOrInbox: 'outbox',
      dbListenerConfig,
      dbHandlerConfig,
      settings: {
        dbSchema: schema,
        dbTable: 'outbox',
        dbPublication: publication,
        dbReplicationSlot: slot,
        enableMaxAttemptsProtection: false,
        enablePoisonousMessageProtection: false,
      },
    },
    {
      handle: async ({ id, messageType, payload, aggregateId }) => {
        await sender.sendMessages({
          messageId: id,
          subject: messageType,
          contentType: 'application/json',
          body: Buffer.from(JSON.stringify(payload)),
          applicationProperties: {
            messageType,
            aggregateId,
            'Diagnostic-Id': `00-${aggregateId}-${aggregateId.slice(16)}-01`,
          },
        });
      },
    },
    getDisabledLogger(),
    {
      concurrencyStrategy:
        atOnce === 1
          ? createReplicationMutexConcurrencyController()
          : createReplicationSemaphoreConcurrencyController(atOnce),
    },
  );
});
