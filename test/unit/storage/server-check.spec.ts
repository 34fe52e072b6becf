import { checkServer, sessionSettings } from '../../../lib/storage/server-check.js';

describe('the check of the server', () => {
  it.each([
    ['10.6.0-MariaDB', 'mariadb'],
    ['5.5.5-10.11.6-MariaDB-1:10.11.6+maria~ubu2204', 'mariadb'],
    ['11.4.2-MariaDB-log', 'mariadb'],
    ['8.0.17', 'mysql'],
    ['8.0.36-0ubuntu0.22.04.1', 'mysql'],
    ['8.4.0', 'mysql'],
    ['9.7.0', 'mysql'],
  ])('takes %s', (version, kind) => {
    expect(checkServer(version)).toBe(kind);
  });

  it.each([
    ['10.5.23-MariaDB', 'MariaDB 10.6.0 or newer'],
    ['5.5.5-10.5.23-MariaDB', 'MariaDB 10.6.0 or newer'],
    ['5.7.44-log', 'MySQL 8.0.17 or newer'],
    ['8.0.16', 'MySQL 8.0.17 or newer'],
  ])('refuses %s and says what is needed', (version, needed) => {
    expect(() => checkServer(version)).toThrow(`The database server is ${version}; nestjs-durable needs ${needed}`);
  });

  it('gives each server the collation without padding that it has', () => {
    expect(sessionSettings('mariadb').join()).toContain('utf8mb4_nopad_bin');
    expect(sessionSettings('mysql').join()).toContain('utf8mb4_0900_bin');
  });
});
