/** A promise about delivery that was not kept. */
export class BrokenPromise extends Error {}
