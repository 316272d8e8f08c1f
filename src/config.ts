import { type Static, Type } from '@sinclair/typebox';
import { poolerConfig, portConfig, sharedConfig } from './core/config.ts';
import { edgeConfig } from './edge-config.ts';
import { authConfig } from './http/auth/auth-config.ts';

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
  DATABASE_POOLER: poolerConfig,
  ...authConfig,
  API_MAX_IN_FLIGHT: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 10_000, description: 'a number of requests from 1 to 10000' }),
  ),
  DATABASE_WAIT_MS: Type.Optional(
    Type.Integer({ minimum: 10, maximum: 10_000, description: 'milliseconds from 10 to 10000' }),
  ),
  DRAIN_DELAY_SECONDS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 300,
    description: 'seconds from 0 to 300',
  }),
  API_DOCS: Type.Optional(Type.Boolean({ description: 'true or false' })),
  ...edgeConfig,
});
export type ApiConfig = Static<typeof apiConfig>;
