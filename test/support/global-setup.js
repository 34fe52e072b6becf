/** jest's globalSetup: what the tests share, handed to them by environment variables. See databases.ts for its use. */
import { provideMysql, URL_VARIABLE } from '../../scripts/provide-mysql.js';
import { scratchDirectory } from '../../scripts/scratch-directory.js';

/** What global-teardown.js undoes, last first. @type {(() => Promise<void>)[]} */
export const undo = [];

export default async function globalSetup() {
  if (undo.length > 0) return;
  const scratch = scratchDirectory('test');
  process.env.DURABLE_TEST_DIRECTORY = scratch.path;
  undo.push(scratch.remove);
  const mysql = await provideMysql();
  process.env[URL_VARIABLE] = mysql.url;
  undo.push(mysql.stop);
}
