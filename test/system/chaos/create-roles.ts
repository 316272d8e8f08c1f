import type pg from 'pg';
import { document } from '../../support/documents.ts';

/** Makes the roles with the SQL of the operations manual. `db`: of a superuser, in the database that has the tables. */
export async function createRoles(db: pg.Pool): Promise<void> {
  const { blocks } = document('docs/operations.md');
  for (const name of ['roles', 'grants']) {
    const block = blocks.find(({ language }) => language === `sql ${name}`);
    if (!block) throw new Error(`docs/operations.md has no SQL named ${name}`);
    await db.query(block.text);
  }
}
