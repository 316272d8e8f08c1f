import { type Static, Type } from '@sinclair/typebox';
import { portConfig, sharedConfig } from './core/config.ts';

/** What the api reads from the environment. */
export const apiConfig = Type.Object({
  ...sharedConfig,
  HOST: Type.String({ default: '0.0.0.0', minLength: 1, description: 'an address to listen on' }),
  PORT: portConfig(5000),
  DATABASE_POOL_SIZE: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 100,
    description: 'a number of connections from 1 to 100',
  }),
  API_DOCS: Type.Optional(Type.Boolean({ description: 'true or false' })),
});
export type ApiConfig = Static<typeof apiConfig>;
