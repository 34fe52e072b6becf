/** A private Redis on a free port of 127.0.0.1, each write flushed before it is answered. */
import { Redis } from 'ioredis';
import { freePorts } from '../../../scripts/server-owner.js';
import { findRedis } from './binaries.js';
import { startPrivateServer } from './private-server.js';

export async function startRedis() {
  const binary = findRedis();
  const [port = 0] = await freePorts(1);
  const connection = { host: '127.0.0.1', port };
  const { answer, stop } = await startPrivateServer({
    name: 'Redis',
    command: (directory) => [
      binary, '--bind', connection.host, '--port', String(port), '--dir', directory, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always',
    ],
    prepare: () => {},
    answer: () => describe(connection),
  });
  return { connection, ...answer, stop };
}

/** @param {{ host: string, port: number }} connection */
async function describe(connection) {
  const redis = new Redis({ ...connection, lazyConnect: true, retryStrategy: null });
  // What fails is told by the calls too.
  redis.on('error', () => {});
  try {
    await redis.connect();
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1];
    const settings = /** @type {string[][]} */ ([await redis.config('GET', 'appendonly'), await redis.config('GET', 'appendfsync')]);
    return { version, durability: settings.map(([name, value]) => `${name}=${value}`).join(', ') };
  } finally {
    redis.disconnect();
  }
}
