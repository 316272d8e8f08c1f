import { cursorPlants } from './cursor-plants.ts';
import type { Plant } from './plant.ts';
import { sendingPlants } from './sending-plants.ts';
import { tablePlants } from './table-plants.ts';

export const plants: readonly Plant[] = [...cursorPlants, ...sendingPlants, ...tablePlants];
