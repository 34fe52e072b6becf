/** The orchestrations that clients start. */
import type { Random } from '../../chaos/random.js';
import { generateProgram, type Nature } from './generate.js';
import type { Program } from './program.js';

export type RootKind =
  /** Under an id of its own; it is sent what it waits for, suspended and resumed. */
  | 'steady'
  /** Started by whoever, under an id that the start makes. */
  | 'loose'
  /** Terminated some time. */
  | 'doomed'
  /** It fails until it is repaired and rewound. */
  | 'flawed'
  /** Purged when it has ended. */
  | 'purged'
  /** Restarted when it has ended. */
  | 'restarted'
  /** Others are started under the same id. */
  | 'contested';

export interface Root {
  readonly kind: RootKind;
  readonly program: Program;
  readonly instanceId?: string;
}

const KINDS: readonly RootKind[] = ['steady', 'steady', 'steady', 'loose', 'loose', 'doomed', 'doomed', 'flawed', 'purged', 'restarted', 'contested'];
const CONTESTED = 'contested';

export function planRoots(random: Random): Root[] {
  const kinds = Array.from({ length: random.between(2, 9) }, () => random.pick(KINDS)).flatMap((kind): RootKind[] => (kind === 'contested' ? [kind, kind] : [kind]));
  const idOf = (kind: RootKind, index: number) => (kind === 'contested' ? CONTESTED : `${kind}-${index}`);
  const peers = kinds.flatMap((kind, index) => (kind === 'steady' || kind === 'doomed' ? [idOf(kind, index)] : []));
  return kinds.map((kind, index) => {
    const program = generateProgram(`p${index}`, random, natureOf(kind, peers));
    return { kind, program, ...(kind !== 'loose' && { instanceId: idOf(kind, index) }) };
  });
}

function natureOf(kind: RootKind, peers: readonly string[]): Nature {
  return {
    // What a program fails before it takes it is lost: a flawed one must not count on any event.
    peers, isFed: kind === 'steady', isFlawed: kind === 'flawed', isRepeatable: kind === 'restarted',
    depth: 2, maxGenerations: 3,
  };
}
