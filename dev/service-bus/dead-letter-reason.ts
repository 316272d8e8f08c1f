/** Why the broker itself dead-letters a message: the application properties that say so, with the real service's texts. */
export const deadLetterReason = {
  sessionIdMissing: () =>
    reason(
      'Session ID is null',
      "Session enabled entity doesn't allow a message whose session identifier is set to null.",
    ),
  tooManyDeliveries: (attempts: number) =>
    reason('MaxDeliveryCountExceeded', `Message could not be consumed after ${attempts} delivery attempts.`),
  filterFailed: (why: string) => reason('FilterEvaluationException', why),
  expired: () => reason('TTLExpiredException', 'The message expired and was dead lettered.'),
};

/** The properties of a reason that a receiver gives; what it leaves out has none. */
export function reason(title?: string, description?: string): Record<string, string> {
  return {
    ...(title === undefined ? {} : { DeadLetterReason: title }),
    ...(description === undefined ? {} : { DeadLetterErrorDescription: description }),
  };
}
