/** A private Restate server: one node, its defaults, all ports on 127.0.0.1, nothing told to its makers. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../scripts/server-owner.js';
import { startPrivateServer } from './private-server.js';

/** What its durability depends on, by section of its configuration. @type {readonly [section: string, name: string][]} */
const SETTINGS = [
  ['bifrost', 'default-provider'],
  ['', 'default-replication'],
  ['log-server', 'rocksdb-disable-wal-fsync'],
];

export async function startRestateServer() {
  const binary = findBinary();
  const [node, admin, ingress] = await freePorts(3);
  const adminUrl = `http://127.0.0.1:${admin}`;
  const ingressUrl = `http://127.0.0.1:${ingress}`;
  const { answer: version, stop } = await startPrivateServer({
    name: 'Restate',
    command: (directory) => [binary, '--config-file', join(directory, 'restate.toml')],
    prepare: (directory) =>
      writeFileSync(
        join(directory, 'restate.toml'),
        `base-dir = "${directory}/data"
        node-name = "bench"
        listen-mode = "tcp"
        disable-telemetry = true
        bind-address = "127.0.0.1:${node}"
        advertised-address = "http://127.0.0.1:${node}/"
        [admin]
        bind-address = "127.0.0.1:${admin}"
        disable-web-ui = true
        [ingress]
        bind-address = "127.0.0.1:${ingress}"`,
      ),
    answer: async () => {
      await fetchText(`${ingressUrl}/restate/health`);
      return String(JSON.parse(await fetchText(`${adminUrl}/version`)).version);
    },
  });
  return { adminUrl, ingressUrl, version, durability: durabilityOf(execFileSync(binary, ['--dump-config'], { encoding: 'utf8' })), stop };
}

/** @param {string} url @param {object} [body] */
export async function fetchText(url, body) {
  const response = await fetch(url, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`Restate answers ${response.status} to ${url}: ${text}`);
  return text;
}

/** @param {string} toml */
function durabilityOf(toml) {
  const sections = new Map(toml.split(/^\[/m).map((section, index) => (index === 0 ? ['', section] : [section.slice(0, section.indexOf(']')), section])));
  return SETTINGS.map(([section, name]) => `${name}=${new RegExp(`^${name} = "?([^"\n]*)`, 'm').exec(sections.get(section) ?? '')?.[1]}`).join(', ');
}

function findBinary() {
  const name = `@restatedev/restate-server-${platform()}-${arch()}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/restate-server`);
  } catch (error) {
    throw new Error(`Restate is not installed: ${name} is missing. Run npm ci in bench/peers; there are servers for Linux and macOS.`, { cause: error });
  }
}
