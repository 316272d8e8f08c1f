import type { OpenState } from './simulated-relay.ts';
import { Simulation } from './simulation.ts';

/** The first of so many histories in which a promise is broken, and how; its seed plays it again. */
export function firstBroken(seeds: number, openState: OpenState, heldWhen?: 'later'): string | undefined {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      new Simulation(seed, openState, heldWhen).play();
    } catch (error) {
      return `SIMULATION_SEED=${seed}: ${(error as Error).stack}`;
    }
  }
  return undefined;
}
