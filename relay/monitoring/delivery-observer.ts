import type { MessageTrace } from '../outbox/sampled-trace.ts';

/** A message that the broker has accepted or refused, and when it was where. Milliseconds since 1970; undefined where nobody knows. */
export interface Delivered {
  readonly message: { readonly messageId: string };
  readonly destination: string;
  /** Only where it is recorded. */
  readonly trace?: MessageTrace | undefined;
  readonly transaction: {
    readonly committedAt?: number | undefined;
    readonly decodedAt?: number | undefined;
  };
}

/** Why the broker did not accept a batch, or what it is that nobody knows whether it did. */
export interface Refusal {
  readonly message: string;
  readonly code: string;
  readonly outcomeUnknown: boolean;
}

/** Is told of each batch that was sent. Every event passes here: it must cost next to nothing, and not throw. */
export interface DeliveryObserver {
  /** The broker has accepted it. `sentAt`: when the send was begun, as `epochMs` has it. */
  accepted(batch: readonly Delivered[], sentAt: number): void;
  /** It has not, as far as is known. */
  refused?(batch: readonly Delivered[], sentAt: number, refusal: Refusal): void;
}

/** Tells each of these; undefined if there is none. */
export function observers(...all: readonly (DeliveryObserver | undefined)[]): DeliveryObserver | undefined {
  const there = all.filter((observer) => observer !== undefined);
  if (there.length < 2) return there[0];
  return {
    accepted: (batch, sentAt) => {
      for (const observer of there) observer.accepted(batch, sentAt);
    },
    refused: (batch, sentAt, refusal) => {
      for (const observer of there) observer.refused?.(batch, sentAt, refusal);
    },
  };
}
