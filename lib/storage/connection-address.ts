import type { DataSourceOptions } from 'typeorm';

/** Where connection options lead to, `host:port/database`; undefined where they leave it open. Holds no password. */
export function addressOf(options: DataSourceOptions): string | undefined {
  if (options.type !== 'mysql' && options.type !== 'mariadb') return undefined;
  const { url, host = 'localhost', port = 3306, database, socketPath, replication } = options;
  if (replication || socketPath) return undefined;
  if (url) {
    if (!URL.canParse(url)) return undefined;
    const parsed = new URL(url);
    const name = decodeURIComponent(parsed.pathname.slice(1)) || database;
    return name ? `${parsed.hostname}:${parsed.port || port}/${name}` : undefined;
  }
  return database ? `${host}:${port}/${database}` : undefined;
}
