/** What the module needs of a server. */
const MINIMUM = { mariadb: [10, 6, 0], mysql: [8, 0, 17] } as const;

/** Refuses servers that are too old; answers the collation without padding and case folding that the server has. */
export function checkServer(version: string): { readonly collation: string } {
  const kind = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  const numbers = (/(\d+)\.(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, '')) ?? []).slice(1).map(Number);
  const minimum = MINIMUM[kind];
  if (compare(numbers, minimum) < 0) {
    const name = kind === 'mariadb' ? 'MariaDB' : 'MySQL';
    throw new Error(`The database server is ${version}; nestjs-durable needs ${name} ${minimum.join('.')} or newer. Upgrade the server, or use SQLite (type 'better-sqlite3').`);
  }
  return { collation: kind === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin' };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < b.length; index += 1) {
    const difference = (a[index] ?? 0) - b[index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
