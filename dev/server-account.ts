import { spawnSync } from 'node:child_process';

export interface Account {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root; there it runs as `nobody`, who exists everywhere and owns nothing. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}
