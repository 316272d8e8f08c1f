/** A message that the broker has accepted, and when it was where. Milliseconds since 1970; undefined where nobody knows. */
export interface Delivered {
  readonly message: { readonly messageId: string };
  readonly transaction: {
    readonly committedAt?: number | undefined;
    readonly decodedAt?: number | undefined;
  };
}

/** Is told of each batch that the broker has accepted. Every event passes here: it must cost next to nothing, and not throw. */
export interface DeliveryObserver {
  /** `sentAt`: when the send was begun, as `epochMs` has it. */
  accepted(batch: readonly Delivered[], sentAt: number): void;
}
