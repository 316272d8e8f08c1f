import { globSync } from 'node:fs';

export const TIERS = ['unit', 'integration', 'system', 'long'] as const;
export type Tier = (typeof TIERS)[number];

/**
 * What the name of a test file says: `x.test.ts` needs nothing but node, `x.integration.test.ts` PostgreSQL or the broker,
 * `x.system.test.ts` starts programs, and `x.long.ts` takes longer than others want to wait. Throws for any other name.
 */
export function tierOf(path: string): Tier {
  const [, tier, long] =
    /\/[a-z0-9-]+(?:(?:\.(integration|system))?\.test|\.(long))\.ts$/.exec(`/${path}`) ?? [];
  if (tier === undefined && long === undefined && !/\/[a-z0-9-]+\.test\.ts$/.test(`/${path}`)) {
    throw new Error(`${path} is no x.test.ts, x.integration.test.ts, x.system.test.ts or x.long.ts`);
  }
  return (long ?? tier ?? 'unit') as Tier;
}

/** The test files of these tiers below a folder. */
export function filesOf(tiers: readonly Tier[], folder = 'test'): string[] {
  return globSync(`${folder}/**/*.{test,long}.ts`).filter((path) => tiers.includes(tierOf(path)));
}
