/** A server in a temporary directory that ends with this process, however that one ends: see ../../../scripts/server-owner.js. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ownServer } from '../../../scripts/server-owner.js';

const START_TIMEOUT = 60_000;

/**
 * @template T
 * @param {object} server
 * @param {string} server.name
 * @param {(directory: string) => string[]} server.command
 * @param {(directory: string) => Promise<unknown> | void} server.prepare makes what it needs in its directory
 * @param {() => Promise<T>} server.answer asks it something; rejects while it is not ready
 * @param {'KILL' | 'QUIT'} [server.endSignal]
 * @returns {Promise<{ answer: T, stop: () => Promise<void> }>} `stop` removes the directory
 */
export async function startPrivateServer({ name, command, prepare, answer, endSignal }) {
  const directory = mkdtempSync(join(tmpdir(), `nestjs-durable-${name}-`));
  const owner = ownServer(directory, command(directory), endSignal);
  try {
    await prepare(directory);
    owner.start();
    return { answer: await firstAnswer(answer), stop: owner.stop };
  } catch (error) {
    const log = join(directory, 'log');
    const end = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-15).join('\n') : '';
    await owner.stop();
    throw new Error(`A private ${name} server did not start.\n${end}`, { cause: error });
  }
}

/** @template T @param {() => Promise<T>} answer */
async function firstAnswer(answer) {
  for (const deadline = Date.now() + START_TIMEOUT; ; ) {
    try {
      return await answer();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(50);
    }
  }
}
