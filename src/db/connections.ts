import type pg from 'pg';
import { ApiError, isApiError } from '../api-error.ts';

/** Where connections come from: a pool, or what lends those of a pool. */
export interface Connections {
  connect(): Promise<pg.PoolClient>;
}

/** A connection, to be given back by its `release`. Whatever keeps it from being there is DATABASE_UNAVAILABLE, unless it has a code of ours. */
export async function connectTo(connections: Connections): Promise<pg.PoolClient> {
  try {
    return await connections.connect();
  } catch (error) {
    if (isApiError(error)) throw error;
    throw new ApiError('DATABASE_UNAVAILABLE', 'No database connection', { cause: error });
  }
}
