import type { Plant } from './plant.ts';

// Mistakes about what goes to the broker, and what follows from its answer.
export const sendingPlants: readonly Plant[] = [
  {
    name: 'pipelined-sends',
    patches: [
      {
        file: 'relay/session/lanes.ts',
        find: 'const behind = lane === undefined ? undefined : this.#busy.get(lane);',
        replace: 'const behind: M[] | undefined = undefined;',
      },
    ],
    caughtBy: 'reordered',
    weights: { brokerBusy: 4, brokerLatency: 2, brokerAckLost: 1 },
  },
  {
    name: 'new-id-on-resend',
    patches: [
      {
        file: 'relay/publishing/service-bus/service-bus-message.ts',
        find: 'messageId: message.messageId,',
        replace: `messageId: (globalThis.sentIds ??= new Set()).has(message.messageId)
          ? crypto.randomUUID() : (globalThis.sentIds.add(message.messageId), message.messageId),`,
      },
    ],
    caughtBy: 'phantom',
    weights: { brokerAckLost: 4, brokerBusy: 2 },
  },
  {
    name: 'skip-not-retryable',
    patches: [
      {
        file: 'relay/session/action-runner.ts',
        find: 'return this.#onRejected(batch, sentAt, asPublishError(error));',
        replace:
          'if (error.cause?.retryable !== false) return this.#onRejected(batch, sentAt, asPublishError(error));',
      },
    ],
    caughtBy: 'lost',
    weights: { brokerNotFound: 2, brokerDisabled: 2 },
  },
  {
    name: 'body-parsed-and-printed',
    patches: [
      {
        file: 'relay/publishing/service-bus/service-bus-message.ts',
        find: 'body: message.body,',
        replace: 'body: Buffer.from(JSON.stringify(JSON.parse(message.body.toString()))),',
      },
    ],
    caughtBy: 'altered',
    weights: { killActiveRelay: 1 },
  },
  {
    name: 'unknown-refusal-stops-all',
    patches: [
      {
        file: 'relay/publishing/service-bus/to-publish-error.ts',
        find: "linkLives && code === 'GeneralError' ? refused :",
        replace: 'false ? refused :',
      },
    ],
    caughtBy: 'held up',
    weights: { refusedMessage: 1 },
  },
];
