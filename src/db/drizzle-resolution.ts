import { registerHooks } from 'node:module';

// Loaded by --import before the process itself: the api starts in half the time.
// For each module of a package, node 24 parses the package's whole package.json anew to learn that it is an ES module (`read` and
// `getPackageScopeConfig` in lib/internal/modules/package_json_reader.js). drizzle-orm has 250 modules and 130 kB of that, which
// is a second of CPU. Told the format along with the address, node does not ask.

const DRIZZLE = '/node_modules/drizzle-orm/';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const { parentURL } = context;
    const isWithinDrizzle =
      specifier.startsWith('.') && specifier.endsWith('.js') && parentURL?.includes(DRIZZLE);
    if (!isWithinDrizzle) return nextResolve(specifier, context);
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
  },
});
