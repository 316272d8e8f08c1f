import type { OpenFigure, Sample } from './figure.ts';

/** The samples of each side, a round after the other. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Measures every side once a round, A B A B; the first round is a warm-up and thrown away. */
export async function measureRounds(
  { sides }: OpenFigure,
  pairs: number,
  onSample: (side: string, round: number, sample: Sample) => void,
): Promise<Samples> {
  const samples = new Map(sides.map(({ name }) => [name, [] as Sample[]]));
  for (let round = 0; round <= pairs; round++) {
    for (const side of sides) {
      const sample = await side.measure();
      onSample(side.name, round, sample);
      if (round > 0) samples.get(side.name)?.push(sample);
    }
  }
  return samples;
}
