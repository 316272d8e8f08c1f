const HOOK = new URL('./source-patches.ts', import.meta.url).href;

/** The environment in which a process of ours runs with its source changed. */
export function patchEnvironment(patches: {
  readonly plant?: string | undefined;
  readonly failpoint?: string;
  readonly shortRetention?: boolean;
}): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${HOOK}`,
    ...(patches.plant && { CHAOS_PLANT: patches.plant }),
    ...(patches.shortRetention && { CHAOS_SHORT_RETENTION: 'true' }),
    ...(patches.failpoint && { CHAOS_FAILPOINT: patches.failpoint }),
  };
}
