/**
 * Requests that must change nothing, each with the statuses that it may be answered with. Every kind is made of a valid request
 * and one thing that is wrong with it; those that are valid read only, or are refused by the state of what they are about.
 */
import type { Random } from '../../../chaos/random.js';
import { malformedBody, noDate, noise, noToken } from './noise.js';
import type { WireRequest } from './wire.js';

export interface PlannedRequest extends WireRequest {
  readonly kind: string;
  readonly allowed: readonly number[];
}

/** What the requests are about: the test has brought it into being. */
export const INSTANCES = ['Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated'] as const;

export const KEY = 'fuzz-key-0123456789';

/** Of the application: inputs, event data, states. */
export const MAX_PAYLOAD = 16_384;

type Draft = Omit<PlannedRequest, 'kind' | 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

const READ = [200, 202];
const JSON_TYPE = { 'content-type': 'application/json' };
const HEADERS = [
  'accept', 'content-type', 'accept-encoding', 'origin', 'referer', 'cookie', 'authorization', 'if-none-match', 'range', 'x-http-method-override',
];
/** What links are made of, or might be. */
const HEADERS_OF_PLACE = ['host', 'forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for', 'x-forwarded-prefix', 'x-original-url'];
const OPERATIONS = ['terminate', 'suspend', 'resume', 'rewind', 'restart'];

/** A path that would do something to this instance. */
const changing = (random: Random, id: string): readonly [method: string, path: string] => random.pick([
  ['POST', `orchestrators/returns/${id}`] as const,
  ['POST', `instances/${id}/raiseEvent/go`] as const,
  ['DELETE', `instances/${id}`] as const,
  ...OPERATIONS.map((operation) => ['POST', `instances/${id}/${operation}`] as const),
]);

/** Any request that would be carried out if it were let in. */
const valid = (random: Random): readonly [method: string, path: string] => random.pick([
  changing(random, random.pick(INSTANCES)),
  ['GET', 'instances/'] as const,
  ['DELETE', 'instances/?createdTimeFrom=2020-01-01T00:00:00Z'] as const,
  ['POST', 'orchestrators/returns'] as const,
  ['GET', 'entities/'] as const,
  ['GET', 'entities/box/full'] as const,
  ['POST', 'entities/box/full?op=put'] as const,
  ['DELETE', 'entities/box/full'] as const,
]);

const withQuery = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`;

/** Bodies of a start, an event and an operation. */
const bodied = (random: Random): string => random.pick([
  'orchestrators/returns', 'orchestrators/returns/new', 'orchestrators/returns/Completed', 'instances/Running/raiseEvent/go', 'instances/Pending/raiseEvent/x',
  'entities/box/full?op=put', 'entities/box/new?op=put',
]);

const KINDS: Readonly<Record<string, (random: Random) => Draft>> = {
  'malformed body': (random) => ({
    method: 'POST', path: bodied(random), body: malformedBody(random), chunked: random.chance(0.2),
    headers: random.pick([JSON_TYPE, { 'content-type': 'text/plain' }, { 'content-type': noiseOfHeader(random) }, {}]), allowed: [400, 415],
  }),

  'content that is not what it says': (random) => ({
    method: 'POST', path: bodied(random), body: malformedBody(random), allowed: [400, 415],
    headers: { ...JSON_TYPE, 'content-encoding': random.pick(['gzip', 'br', 'deflate', 'identity', 'zip', noiseOfHeader(random)]) },
  }),

  'oversized body': (random) => ({
    method: 'POST', path: bodied(random), headers: JSON_TYPE, chunked: random.chance(0.5), allowed: [413],
    body: Buffer.from(JSON.stringify('x'.repeat(random.pick([MAX_PAYLOAD - 1, MAX_PAYLOAD, 40_000, 100_000, 150_000, 1_200_000])))),
  }),

  'deeply nested body': (random) => {
    const depth = random.between(1_000, MAX_PAYLOAD / 2 - 10);
    const body = Buffer.from('['.repeat(depth) + ']'.repeat(depth));
    return { method: 'POST', path: 'orchestrators/returns/Running', headers: JSON_TYPE, body, allowed: [400, 409, 413] };
  },

  'unknown orchestrator': (random) => ({ method: 'POST', path: `orchestrators/${noise(random)}x/new`, allowed: [400, 404] }),

  'bad or unknown id': (random) => {
    const [method, path] = changing(random, `${random.pick(['missing', 'a%2F', '%00', '%23', '%3f', '@box@', `%5C`, 'x'.repeat(255)])}${noise(random)}`);
    // A new instance may have any id that is well-formed.
    return { method, path: path.startsWith('orchestrators/') ? `orchestrators/returns/a%00${noise(random)}` : path, allowed: [400, 404] };
  },

  'bad entity': (random) => ({
    method: 'POST', body: Buffer.from('1'), headers: JSON_TYPE, allowed: [400, 404],
    path: random.pick([
      `entities/b%40${noise(random)}/full?op=put`, `entities/box/${'x'.repeat(260)}${noise(random)}?op=put`, 'entities/box/full',
      'entities/box/full?op=', 'entities/%00/%00?op=put',
      `entities/box/full/${noise(random)}x?op=put`, `entities//?op=put&x=${noise(random)}`, `entities/box?op=put`,
    ]),
  }),

  'bad date': (random) => {
    const query = `${random.pick(['createdTimeFrom', 'createdTimeTo'])}=${noDate(random)}`;
    const list = { method: 'GET', path: random.chance(0.5) ? `instances/?${query}` : `entities/?lastOperationTime${query.slice('createdTime'.length)}` };
    return { ...(random.chance(0.5) ? list : { method: 'DELETE', path: `instances/?${query}` }), allowed: [400] };
  },

  'token of no list': (random) => ({
    method: 'GET', path: random.pick(['instances/', 'instances/?top=1', 'entities/', 'entities/box']), headers: { 'x-ms-continuation-token': noToken(random) },
    // A token with the right fields is as good as one of a list: it is no secret.
    allowed: [200, 400],
  }),

  'bad parameter': (random) => {
    const [path, name] = random.pick([
      ['instances/Completed', 'showInput'], ['instances/Completed', 'showHistory'], ['instances/Failed', 'returnInternalServerErrorOnFailure'],
      ['instances/', 'top'], ['instances/', 'runtimeStatus'], ['entities/', 'fetchState'], ['entities/', 'top'],
    ] as const);
    return { method: 'GET', path: `${path}?${name}=x${noise(random)}`, allowed: [400] };
  },

  'bad time-out': (random) => ({
    method: 'POST', path: `orchestrators/returns/new?timeout=${random.pick(['x', '', '-', '-1', 'NaN', '1,5', '1x', '1&timeout=2'])}`, allowed: [400],
  }),

  'wrong method': (random) => {
    const [, path] = valid(random);
    const method = random.pick(['PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'LINK', 'SEARCH', 'MKCOL', 'LOCK']);
    // Frameworks may answer OPTIONS by themselves.
    const allowed = method === 'OPTIONS' ? [200, 204, 400, 404, 405] : [404, 405];
    return { method, path, body: random.chance(0.5) ? Buffer.from('{}') : undefined, headers: JSON_TYPE, allowed };
  },

  'method of another path': (random) => {
    const [method, path] = random.pick([
      ['GET', 'orchestrators/returns'], ['DELETE', 'orchestrators/returns/Completed'], ['POST', 'instances/'], ['POST', 'instances/Completed'],
      ['GET', 'instances/Running/raiseEvent/go'],
      ['DELETE', 'instances/Failed/rewind'], ['GET', 'instances/Running/terminate'], ['DELETE', 'entities/'], ['DELETE', 'entities/box'], ['POST', 'entities/'],
    ] as const);
    return { method, path: withQuery(path, `reason=${noise(random)}`), allowed: [404, 405] };
  },

  'no path of the API': (random) => {
    const [method, path] = valid(random);
    const place = random.pick([
      `zz${noise(random)}/${path}`, `${path.split('?')[0]}/zz/${noise(random)}/zz/zz`, `instances/Completed/zz${noise(random)}`,
      'orchestrators', `zz${noise(random)}`,
    ]);
    return { method, path: place, allowed: [400, 404] };
  },

  'wrong key': (random) => {
    const [method, path] = valid(random);
    const wrong = random.pick([
      KEY.slice(0, -1), `${KEY}x`, KEY.toUpperCase(), KEY.replace('z', '%7b'), 'x'.repeat(KEY.length), '', noise(random), `${KEY},${KEY}`,
    ]);
    const asQuery = random.pick([`code=${wrong}`, `code=${wrong}&code=${wrong}`, `code[]=${KEY}`, `code[0]=${KEY}`, `Code=${KEY}`, `x-functions-key=${KEY}`]);
    const inQuery = { path: withQuery(path, asQuery), headers: { 'x-functions-key': '' } };
    return { method, ...(random.chance(0.5) ? inQuery : { path, headers: { 'x-functions-key': wrong } }), allowed: [401] };
  },

  'unknown hub': (random) => {
    const [method, path] = valid(random);
    const taskHub = random.pick(['Elsewhere', 'DurableHu', 'DurableHubs', '__proto__', 'constructor', `x${noise(random)}`]);
    return { method, path: withQuery(path, `taskHub=${taskHub}`), allowed: [404] };
  },

  'refused by the state': (random) => {
    const [id, operation, status] = random.pick([
      ['Completed', 'terminate', 410], ['Failed', 'suspend', 410], ['Terminated', 'resume', 410], ['Terminated', `raiseEvent/${noise(random)}x`, 410],
      ['Suspended', 'suspend', 409], ['Running', 'resume', 409], ['Pending', 'resume', 409], ['Running', 'rewind', 412], ['Completed', 'rewind', 410],
      ['Suspended', 'restart?restartWithNewInstanceId=false', 409], ['missing', 'restart', 400], ['missing', 'rewind', 404],
    ] as const);
    return { method: 'POST', path: withQuery(`instances/${id}/${operation}`, `reason=${noise(random)}`), allowed: [status, 400, 404] };
  },

  'refused by what is there': (random) => {
    const from = `createdTimeFrom=${random.between(1970, 2019)}-01-01&createdTimeTo=2019-12-31`;
    const unfinished = random.pick(['Running', 'Pending', 'Suspended']);
    return random.pick([
      { method: 'POST', path: `orchestrators/returns/${unfinished}`, body: Buffer.from('{}'), headers: JSON_TYPE, allowed: [409] },
      { method: 'DELETE', path: `instances/${unfinished}`, allowed: [409] },
      { method: 'DELETE', path: `instances/?${from}`, allowed: [404] },
      { method: 'DELETE', path: 'instances/', allowed: [400] },
    ]);
  },

  'reading': (random) => {
    const parameters = [
      'showInput=false', 'showHistory=true', 'showHistoryOutput=true', 'connection=x', '__proto__[a]=1', 'constructor=1',
      `x=${noise(random)}`, noise(random), '&&', '=', '?',
    ];
    const query = Array.from({ length: random.between(0, 3) }, () => random.pick(parameters)).join('&');
    const path = random.pick([
      ...INSTANCES.map((id) => `instances/${id}`), 'instances/', 'instances', 'entities/', 'entities/box', 'entities/box/full',
      `instances/?instanceIdPrefix=${noise(random)}`, `entities/${noise(random)}`, `instances/missing${noise(random)}`,
    ]);
    return { method: random.pick(['GET', 'GET', 'HEAD']), path: withQuery(path, query), allowed: [...READ, 400, 404] };
  },

  'strange headers': (random) => ({
    method: 'GET', path: `instances/${random.pick(INSTANCES)}`, allowed: [...READ, 304, 400, 406],
    headers: {
      [random.pick(HEADERS)]: noiseOfHeader(random),
      [random.pick(HEADERS_OF_PLACE)]: noiseOfHeader(random),
    },
  }),
};

/** Header values may hold no control characters; Node would not send them. */
function noiseOfHeader(random: Random): string {
  if (random.chance(0.5)) return noise(random);
  return random.pick([
    'a b', 'evil.example', 'evil.example, other', 'javascript', 'https', 'application/json; charset=utf-16', '*/*', 'image/png',
    'DELETE', '"', ';;;', 'a:b:c', '[::1', '\u00e9',
  ]);
}

/** Requests of all kinds, evenly. `base` is the path of the API. */
export function* plan(random: Random, base: string, count: number): Generator<PlannedRequest> {
  const kinds = Object.entries(KINDS);
  for (let number = 0; number < count; number += 1) {
    const [kind, draw] = kinds[number % kinds.length]!;
    const draft = draw(random);
    yield { ...draft, kind, path: `${base}/${draft.path}`, headers: { 'x-functions-key': KEY, ...draft.headers } };
  }
}
