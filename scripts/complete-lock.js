/**
 * Completes package-lock.json, and that of bench/peers, with the optional platform packages that npm left out because the machine that wrote the
 * lock could not see them; `npm ci` refuses the lock on other platforms otherwise. Run it after each change of the lock.
 *
 *   node scripts/complete-lock.js           completes it, and removes addresses of registries
 *   node scripts/complete-lock.js --check   changes nothing; fails when there is something to do
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {boolean} [dev]
 * @property {Record<string, string>} [optionalDependencies]
 *
 * @typedef {{ packages: Record<string, LockEntry> }} Lock
 */

const ROOT = resolve(import.meta.dirname, '..');
const LOCKS = ['package-lock.json', 'bench/peers/package-lock.json'];
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];
const CHECK = process.argv.includes('--check');

for (const file of LOCKS) complete(file);

/** @param {string} file */
function complete(file) {
  /** @type {Lock} */
  const lock = JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
  const done = completeEntries(lock);
  if (done.length === 0) {
    console.log(`${file} is complete and free of addresses`);
  } else if (CHECK) {
    console.error(`${file}: run node scripts/complete-lock.js\n  ${done.join('\n  ')}`);
    process.exitCode = 1;
  } else {
    const { '': root, ...others } = lock.packages;
    const sorted = Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en'));
    lock.packages = { ...(root && { '': root }), ...Object.fromEntries(sorted) };
    writeFileSync(join(ROOT, file), `${JSON.stringify(lock, null, 2)}\n`);
    console.log(`${file}: ${done.length} entries completed or freed of addresses`);
  }
}

/** @param {Lock} lock @returns {string[]} what there was to do */
function completeEntries(lock) {
  const done = [];
  for (const [place, entry] of Object.entries(lock.packages)) {
    if (entry.resolved?.includes('://')) {
      delete entry.resolved;
      done.push(`${place}: has a registry's address`);
    }
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isLocked(lock, place, name)) continue;
      const added = `${place.slice(0, place.lastIndexOf('node_modules/'))}node_modules/${name}`;
      lock.packages[added] = platformEntry(name, version, entry);
      done.push(`${added}: is missing`);
    }
  }
  return done;
}

/** Whether Node's resolution finds the package from there. @param {Lock} lock @param {string} place @param {string} name */
function isLocked(lock, place, name) {
  for (let base = place; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${base && `${base}/`}node_modules/${name}`]) return true;
    if (base === '') return false;
  }
}

/**
 * The platform stands in the name (`…-linux-arm64-musl`). Without `integrity`: this machine cannot know it.
 * @param {string} name @param {string} version @param {LockEntry} parent
 */
function platformEntry(name, version, parent) {
  const words = name.split(/[-/]/);
  const os = words.find((word) => OS.includes(word));
  const cpu = words.find((word) => CPU.includes(word));
  if (!os || !cpu || !/^\d/.test(version)) {
    throw new Error(`package-lock.json lacks ${name}@${version}, and its name does not tell its platform: add the entry by hand`);
  }
  const libc = os !== 'linux' ? undefined : words.includes('musl') || words.includes('musleabihf') ? 'musl' : 'glibc';
  return {
    version,
    cpu: [cpu],
    ...(parent.dev && { dev: true }),
    ...(libc && { libc: [libc] }),
    optional: true,
    os: [os],
  };
}
