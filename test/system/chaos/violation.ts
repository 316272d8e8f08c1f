/** Everything that must not be. */
export type ViolationKind =
  | 'lost'
  | 'phantom'
  | 'altered'
  | 'reordered'
  | 'repeated without a fault'
  | 'order missing'
  | 'order wrong'
  | 'order twice'
  | 'request refused'
  | 'held back'
  | 'held up'
  | 'ready while stuck'
  | 'not ready while moving'
  | 'table grows'
  | 'witness'
  | 'not drained'
  | 'effect lost'
  | 'effect twice'
  | 'handled out of order'
  | 'dead-lettered'
  | 'dead letter missing'
  | 'state unexplained'
  | 'version gap'
  | 'order stuck'
  | 'stock wrong';

export interface Violation {
  readonly kind: ViolationKind;
  /** The message, the order or the key it is about. */
  readonly id: string;
  readonly detail: string;
}
