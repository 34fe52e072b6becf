/**
 * What happens to a MariaDB or MySQL server, and on the way to it. No full disk: MariaDB 10.11.19 loses rows then that it has
 * committed (docs/reliability.md, "Chaos").
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { TcpProxy } from '../../contract/support/tcp-proxy.js';
import type { Random } from '../random.js';
import type { Fault } from './fault.js';
import type { ServerGround } from './ground.js';

/** How long a server is away, or refuses, ms. */
const OUTAGE = { least: 0, most: 4_000 };
/** How long nothing comes through, ms; now and then for longer than a statement waits. */
const STALL = { least: 1_000, most: 6_000 };
const LONG_STALL = { least: 31_000, most: 40_000 };
const LONG = 0.25;
/** How often connections are killed in a row. */
const VOLLEY = { least: 3, most: 8 };
const VOLLEY_PAUSE = 300;
/** How long a process may go without a COMMIT, ms. */
const COMMIT_WAIT = 1_000;
/** Share of the connections that each shot hits. */
const HIT = 0.3;

interface Thread {
  readonly id: number | string;
}

export interface ServerFaultsOptions {
  readonly ground: ServerGround;
  /** What the client, first, and some of the workers reach the server through. */
  readonly proxies: readonly TcpProxy[];
  /** Whether there is time for silence that is longer than a statement waits. */
  readonly isLong: boolean;
}

export function serverFaults({ ground, proxies, isLong }: ServerFaultsOptions): Fault[] {
  const { server, admin, storage } = ground;
  const outage = (random: Random): Promise<void> => delay(random.between(OUTAGE.least, OUTAGE.most));
  return [
    {
      name: 'server restarted',
      strike: async (random) => {
        await server.quit();
        await outage(random);
        await server.restart();
        return 1;
      },
    },
    {
      name: 'kill -9 of the server',
      strike: async (random) => {
        await server.kill();
        await outage(random);
        await server.restart();
        return 1;
      },
    },
    {
      name: 'server read-only',
      strike: async (random) => {
        await admin('SET GLOBAL read_only = 1');
        await outage(random);
        await admin('SET GLOBAL read_only = 0');
        return 1;
      },
    },
    {
      name: 'connections killed',
      strike: async (random) => {
        let killed = 0;
        for (let shots = random.between(VOLLEY.least, VOLLEY.most); shots > 0; shots -= 1) {
          const threads = await admin<Thread>(`SELECT id AS id FROM information_schema.processlist WHERE user = '${storage.username}'`);
          const inTransaction = await admin<Thread>('SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE trx_mysql_thread_id > 0');
          const victims = [...threads, ...inTransaction].filter(() => random.chance(HIT));
          for (const { id } of victims) killed += await admin(`KILL CONNECTION ${id}`).then(() => 1, isGone);
          await delay(random.between(0, VOLLEY_PAUSE));
        }
        return killed;
      },
    },
    {
      name: 'connection cut at COMMIT',
      strike: async (random) => {
        let cut = 0;
        for (let shots = random.between(VOLLEY.least, VOLLEY.most); shots > 0; shots -= 1) {
          const { done } = random.pick(proxies).cut(random.pick(['before', 'after'] as const), /COMMIT/);
          await Promise.race([done.then(() => (cut += 1)), delay(COMMIT_WAIT)]);
        }
        return cut;
      },
    },
    {
      name: 'network silent',
      strike: async (random) => {
        const isLongStall = isLong && random.chance(LONG);
        const { least, most } = isLongStall ? LONG_STALL : STALL;
        // A client that is away for so long loses its registration, and with it the means to find out what became of its calls.
        const [, ...ofWorkers] = proxies;
        const { resume } = random.pick(isLongStall ? ofWorkers : proxies).stall();
        await delay(random.between(least, most));
        resume();
        return 1;
      },
    },
  ];
}

function isGone(error: Error & { readonly code?: string }): number {
  if (error.code !== 'ER_NO_SUCH_THREAD') throw error;
  return 0;
}
