/** The layers of lib/ and what each may import: the table of ARCHITECTURE.md, as oxlint reads it. */
import { dirname, relative, resolve, sep } from 'node:path';

const LIB = resolve(import.meta.dirname, '../../lib');

/** What the engine and the client know of the storage layer. */
const STORAGE_PORT = ['storage/store', 'storage/errors'];

const NODE = /^node:/;
const NEST = /^(@nestjs\/(?!terminus$)|rxjs|reflect-metadata$)/;
const TERMINUS = /^@nestjs\/terminus$/;
const DATABASE = /^(typeorm|mysql2|better-sqlite3)(\/|$)/;

/** Packages that an application may lack: a static import of one would keep the others' applications from loading. Terminus has a layer of its own. */
const OPTIONAL_PEERS = /^(mysql2|better-sqlite3)(\/|$)/;

/**
 * Layer by folder: other folders (or single files) of lib/ and packages that it may import. Its own folder goes without
 * saying, and so does nothing else. `types`: packages of which it may import types only.
 * @type {Record<string, { imports: string[], packages: RegExp[], types?: RegExp[] }>}
 */
const LAYERS = {
  core: { imports: [], packages: [/^node:buffer$/, /^uuid$/] },
  storage: { imports: ['core'], packages: [NODE, DATABASE, /^uuid$/] },
  engine: { imports: ['core', ...STORAGE_PORT], packages: [NODE, /^(uuid|tinyqueue)$/] },
  client: { imports: ['core', ...STORAGE_PORT], packages: [NODE, /^uuid$/], types: [/^typeorm$/] },
  http: { imports: ['core', 'client'], packages: [NODE, NEST] },
  nest: { imports: ['core', 'storage', 'engine', 'client', 'http'], packages: [NODE, NEST, DATABASE] },
  terminus: { imports: ['client', 'nest'], packages: [NEST, TERMINUS] },
  testing: { imports: ['core', 'storage', 'engine', 'client', 'http', 'nest'], packages: [NODE, NEST, DATABASE, /^uuid$/] },
};

/** @param {string} file absolute; its place in lib/ without the ending, with slashes; undefined outside of lib/ */
function placeInLib(file) {
  const place = relative(LIB, file).split(sep).join('/');
  return place.startsWith('..') ? undefined : place.replace(/\.[cm]?[jt]s$/, '');
}

/** @param {string} file @param {string} source @param {boolean} isType @returns {string | undefined} what is wrong with the import */
function problemOf(file, source, isType) {
  const layer = placeInLib(file)?.split('/')[0];
  const rules = layer === undefined ? undefined : LAYERS[layer];
  const target = source.startsWith('.') ? placeInLib(resolve(dirname(file), source)) : undefined;
  if (layer === undefined) {
    return target !== undefined && file.includes(`${sep}sample-app${sep}`)
      ? "the sample imports the package by its name, 'nestjs-durable', as a user would"
      : undefined;
  }
  if (!rules) return layer === 'index' ? undefined : `lib/${layer} is no layer: add it to scripts/lint/layers.js and ARCHITECTURE.md`;
  if (!source.startsWith('.')) {
    const packages = isType ? [...rules.packages, ...(rules.types ?? [])] : rules.packages;
    return packages.some((allowed) => allowed.test(source)) ? undefined : `lib/${layer} must not import the package '${source}'`;
  }
  if (target === undefined) return `lib/${layer} must not import from outside of lib/`;
  const allowed = [layer, ...rules.imports].some((place) => target === place || target.startsWith(`${place}/`));
  return allowed ? undefined : `lib/${layer} must not import lib/${target}; it may import ${rules.imports.join(', ') || 'only itself'}`;
}

const layers = {
  /** @param {any} context */
  create(context) {
    /** @param {any} node */
    const check = (node) => {
      const source = node.source;
      if (typeof source?.value !== 'string') return;
      const message = problemOf(context.filename, source.value, node.importKind === 'type');
      if (message) context.report({ node: source, message: `${message} (layers of ARCHITECTURE.md)` });
      const isLoaded = node.type === 'ImportDeclaration' && node.importKind !== 'type' && placeInLib(context.filename) !== undefined;
      if (isLoaded && OPTIONAL_PEERS.test(source.value)) {
        context.report({ node: source, message: `'${source.value}' is an optional peer: import its types, and load it by import() where it is used` });
      }
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

const noCurrentTime = {
  /** @param {any} context */
  create(context) {
    /** @param {any} node */
    const check = (node) => {
      if (node.callee.name !== 'Date' || (node.type === 'NewExpression' && node.arguments.length > 0)) return;
      context.report({ node, message: 'lib/core knows no clock: times come in with the events' });
    };
    return { NewExpression: check, CallExpression: check };
  },
};

export default { meta: { name: 'durable' }, rules: { layers, 'no-current-time': noCurrentTime } };
