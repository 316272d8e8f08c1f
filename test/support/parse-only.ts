import { syncBuiltinESMExports } from 'node:module';
import util from 'node:util';

// Loaded before a program, it ends the program where that reads its arguments: with 0 if it knows them all, else with 2.

const { parseArgs } = util;
util.parseArgs = (config) => {
  try {
    parseArgs(config);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
};
syncBuiltinESMExports();
