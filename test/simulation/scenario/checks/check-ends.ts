/** How instances ended, and whether that is what was asked for. */
import { isDeepStrictEqual } from 'node:util';
import { explain, type Account, type Circumstances } from '../model.js';
import type { Root } from '../roots.js';
import { hasEnded, traceOf, type Life } from './lives.js';

/**
 * @param root the root that the instance belongs to
 * @param isRestart whether it repeats an earlier one
 */
export function checkEnd(life: Life, root: Root | undefined, isRestart: boolean, circumstances: Circumstances): { readonly problems: string[]; readonly account?: Account } {
  const { instanceId, program, last, gone } = life;
  const name = `instance '${instanceId}' (${program.id})`;
  const failed = (problem: string) => ({ problems: [`${name} ${problem}`] });
  if (!hasEnded(life)) return gone === 'replaced' && root?.kind === 'contested' ? { problems: [] } : failed(`is ${last.status}, and did not end (I6)`);
  if (last.status === 'Terminated') return root?.kind === 'doomed' ? { problems: [] } : failed('was terminated, which nobody asked for');
  if (last.status === 'Failed' && errorTypeOf(life) !== 'ProgramFailure') return failed(`failed otherwise than its program does: ${last.failure}`);
  const trace = traceOf(life);
  // Too large for failure details.
  if (!trace) return { problems: [] };
  const account = explain(program, trace, last.status as 'Completed' | 'Failed', circumstances, isRestart ? program.generations.length - 1 : 0);
  const problems = account.problems.map((problem) => `${name}: ${problem}`);
  const status: unknown = last.custom_status === null ? undefined : JSON.parse(last.custom_status);
  if (!isDeepStrictEqual(status, account.customStatus)) problems.push(`${name} has the custom status ${last.custom_status} in place of ${JSON.stringify(account.customStatus)} [O13]`);
  return { problems, account };
}

function errorTypeOf({ last }: Life): string | undefined {
  return (JSON.parse(last.failure ?? '{}') as { errorType?: string }).errorType;
}
