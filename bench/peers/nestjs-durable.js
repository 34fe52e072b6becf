/** nestjs-durable itself: the application that ../ measures, all settings at their defaults, on one of its databases. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertCounted } from './order.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** @param {'mysql' | 'sqlite'} kind @returns {Promise<import('./peers.js').Peer>} */
export async function startDurable(kind) {
  const { openDatabase } = await built('databases.js');
  const { startApplication } = await built('application/application.js');
  const { Shapes } = await built('application/shapes.js');
  const database = await openDatabase(kind, false);
  let app;
  try {
    app = await startApplication(await database.createStorage());
  } catch (error) {
    await database.close();
    throw error;
  }
  const { long, wide } = app.client.orchestrators(Shapes);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return {
    name: 'nestjs-durable',
    versions: `${version} on ${database.title}`,
    durability: database.durability,
    ways: [
      {
        name: `activities, on ${database.title.split(' ')[0]}`,
        run: (number) => app.run(number),
        runSequence: async (count) => assertCounted(await app.completed(await long(count)), count),
        runFanOut: async (count) => assertCounted(await app.completed(await wide(count)), count),
        entities: { callFromRun: (key, calls) => app.call(key, calls), call: (key) => app.call(key, 1), counted: (key) => app.counted(key) },
      },
    ],
    close: async () => {
      await app.close();
      await database.close();
    },
  };
}

/** Its types are those of another package's tree. @param {string} file of ../, compiled @returns {Promise<any>} */
async function built(file) {
  try {
    return await import(join(ROOT, 'build', 'bench', file));
  } catch (error) {
    throw new Error('nestjs-durable does not start: run `npm ci` in its root, by the Node that runs npm here.', { cause: error });
  }
}
