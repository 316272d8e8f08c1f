const HOOK = new URL('./source-patches.ts', import.meta.url).href;

/** The environment in which a process of ours runs with its source changed; none when there is nothing to change. */
export function patchEnvironment(
  patches: { readonly plant?: string; readonly failpoint?: string } | undefined | '',
): Record<string, string> {
  if (!patches) return {};
  return {
    NODE_OPTIONS: `--import=${HOOK}`,
    ...(patches.plant && { CHAOS_PLANT: patches.plant }),
    ...(patches.failpoint && { CHAOS_FAILPOINT: patches.failpoint }),
  };
}
