export const rights = ['Send', 'Listen', 'Manage'] as const;

export type Right = (typeof rights)[number];

/** A shared access policy: whoever has the key has the rights, on the namespace or on the entity that it belongs to. */
export interface SharedAccessPolicy {
  readonly name: string;
  readonly key: string;
  readonly rights: readonly Right[];
}
