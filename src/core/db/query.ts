import pg from 'pg';

/**
 * What pg makes of a config, which must not change afterwards: pg copies each property of one by its descriptor, for 5 to 8
 * microseconds a query, and none that is inherited.
 */
export function queryOf(config: pg.QueryConfig, values: unknown[]): pg.Query {
  return new pg.Query(Object.create(config) as pg.QueryConfig, values);
}
