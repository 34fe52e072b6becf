import { randomUUID } from 'node:crypto';
import { StaleMemberError } from '../errors.js';
import type { Value } from '../dialect.js';
import type { Session } from '../session.js';
import type { ActivityKey, ActivityWork, Checkpoint, ForeignActivityResult, RunningActivity, SuspectClaim, WorkerInfo } from '../store.js';
import type { WriteList } from '../write-list.js';
import { insertMessages } from './inbox.js';

const KEY = ['hub', 'partition_no', 'execution_id', 'task_id'] as const;
const WORK = [...KEY, 'instance_id', 'name', 'input', 'call_id', 'attempt'] as const;
const CLAIM = [...WORK, 'claim_token', 'claimed_by'] as const;
/** Written besides, and only where it counts something: a row without it has 0 [Y8]. */
const COUNT = 'dispatch_count';

export interface WorkRow {
  partition_no: number;
  execution_id: string;
  task_id: number | string;
  instance_id: string;
  name: string;
  input: string | null;
  call_id: number | string;
  attempt: number;
  dispatch_count: number;
}

interface ClaimRow extends WorkRow {
  claim_token: string;
  claimed_by: string;
}

/** Consumes results by claim token (I4), drops what ended executions leave behind, adds what was scheduled. */
export function writeActivities(list: WriteList, hub: number, checkpoints: readonly Checkpoint[]): void {
  deleteClaims(list, hub, checkpoints.flatMap(({ consumedActivities }) => consumedActivities), () => new StaleMemberError('The claim of an activity is gone.'));
  const abandoned = checkpoints.flatMap(({ partition, abandonedActivities }) => abandonedActivities.map((executionId) => [hub, partition, executionId]));
  // A claim moves a row from ready to running: in this order it is found in one of them.
  for (const table of ['durable_activities_ready', 'durable_activities_running']) list.deleteMany(table, KEY.slice(0, 3), abandoned);
  insertReady(list, hub, checkpoints.flatMap(({ readyActivities }) => readyActivities));
  insertRunning(list, hub, checkpoints.flatMap(({ runningActivities }) => runningActivities));
}

type Claim = ActivityKey & { readonly claimToken: string };

function deleteClaims(list: WriteList, hub: number, claims: readonly Claim[], mismatch?: () => Error): void {
  list.deleteMany('durable_activities_running', [...KEY, 'claim_token'], claims.map((claim) => claimValues(hub, claim)), mismatch);
}

function insertReady(list: WriteList, hub: number, work: readonly ActivityWork[]): void {
  insertCounted(list, 'durable_activities_ready', WORK, work, (activity) => workValues(hub, activity));
}

function insertRunning(list: WriteList, hub: number, claims: readonly RunningActivity[]): void {
  insertCounted(list, 'durable_activities_running', CLAIM, claims, (claim) => [...workValues(hub, claim), claim.claimToken, claim.claimedBy]);
}

function insertCounted<T extends ActivityWork>(list: WriteList, table: string, columns: readonly string[], work: readonly T[], values: (work: T) => Value[]): void {
  list.insert(table, columns, work.filter(({ dispatchCount }) => !dispatchCount).map(values));
  const counted = work.filter(({ dispatchCount }) => dispatchCount);
  list.insert(table, [...columns, COUNT], counted.map((each) => [...values(each), each.dispatchCount!]));
}

function keyValues(hub: number, { partition, executionId, taskId }: ActivityKey): Value[] {
  return [hub, partition, executionId, taskId];
}

function claimValues(hub: number, claim: Claim): Value[] {
  return [...keyValues(hub, claim), claim.claimToken];
}

function workValues(hub: number, work: ActivityWork): Value[] {
  return [...keyValues(hub, work), work.instanceId, work.name, work.input ?? null, work.callId, work.attempt];
}

const marks = (values: readonly unknown[]) => values.map(() => '?').join(', ');

function toWork(row: WorkRow): ActivityWork {
  return {
    partition: row.partition_no,
    executionId: row.execution_id,
    taskId: Number(row.task_id),
    instanceId: row.instance_id,
    name: row.name,
    input: row.input ?? undefined,
    callId: Number(row.call_id),
    attempt: row.attempt,
    dispatchCount: row.dispatch_count || undefined,
  };
}

export interface ClaimOptions {
  readonly names: readonly string[];
  readonly limit: number;
  /** Execution to begin behind, so that under load each has its turn. */
  readonly after?: Pick<ActivityKey, 'partition' | 'executionId'>;
  readonly suspects?: SuspectClaim;
}

/** Whether anything waits for a worker with these handlers. Asked before {@link claimActivities}: what waits may be for others. */
export async function hasReadyActivities(session: Session, hub: number, names: readonly string[]): Promise<boolean> {
  if (names.length === 0) return false;
  const found = await session.rows(`SELECT 1 AS found FROM durable_activities_ready WHERE hub = ? AND name IN (${marks(names)}) LIMIT 1`, [hub, ...names]);
  return found.length > 0;
}

/** Moves waiting activities to running: from one execution on, in the order of partitions and executions, the oldest first. */
export async function claimActivities(session: Session, hub: number, worker: WorkerInfo, options: ClaimOptions): Promise<RunningActivity[]> {
  const rows = await findClaimable(session, hub, options);
  const claims = rows.map((row) => ({ ...toWork(row), claimToken: randomUUID(), claimedBy: worker.incarnation }));
  const list = session.newList();
  list.deleteMany('durable_activities_ready', KEY, claims.map((claim) => keyValues(hub, claim)));
  insertRunning(list, hub, claims);
  session.writeLast(list);
  return claims;
}

async function findClaimable(session: Session, hub: number, { names, limit, after, suspects = { from: Infinity, take: false } }: ClaimOptions): Promise<WorkRow[]> {
  const find = (range: string, position: readonly Value[], count: number, below: number | undefined) =>
    session.rows<WorkRow>(
      `SELECT ${WORK.slice(1).join(', ')}, ${COUNT} FROM durable_activities_ready WHERE hub = ? ${range}AND name IN (${marks(names)}) ` +
        `${below === undefined ? '' : `AND ${COUNT} < ? `}ORDER BY hub, partition_no, execution_id, task_id LIMIT ?${session.dialect.forUpdateSkipLocked}`,
      [hub, ...position, ...names, ...(below === undefined ? [] : [below]), count],
    );
  const findAll = async (count: number, below?: number) => {
    if (!after) return find('', [], count, below);
    const part = (isBehind: boolean, wanted: number) =>
      find(`AND ${session.dialect.pairBehind(['partition_no', 'execution_id'], isBehind)} `, [after.partition, after.partition, after.executionId], wanted, below);
    const rows = await part(true, count);
    if (rows.length < count) rows.push(...(await part(false, count - rows.length)));
    return rows;
  };
  const found = await findAll(limit);
  const suspected = found.filter((row) => row.dispatch_count >= suspects.from);
  const taken = suspected.slice(0, suspects.take ? 1 : 0);
  if (suspected.length === taken.length) return found;
  // Suspects that have to wait would hide what stands behind them.
  return [...taken, ...(taken.length < limit ? await findAll(limit - taken.length, suspects.from) : [])];
}

/** Results for owners elsewhere: each whose claim still stands becomes a message. */
export async function completeForeign(session: Session, hub: number, results: readonly ForeignActivityResult[]): Promise<boolean[]> {
  const { valid, list } = await takeClaims(session, hub, results.map(({ activity }) => activity));
  insertMessages(list, hub, results.filter((_, index) => valid[index]).map(({ message }) => message));
  session.writeLast(list);
  return valid;
}

export async function returnActivities(session: Session, hub: number, activities: readonly RunningActivity[]): Promise<boolean[]> {
  const { valid, list } = await takeClaims(session, hub, activities);
  insertReady(list, hub, activities.filter((_, index) => valid[index]));
  session.writeLast(list);
  return valid;
}

/** Which claims still stand, and the list that deletes those. */
async function takeClaims(session: Session, hub: number, claims: readonly RunningActivity[]): Promise<{ valid: boolean[]; list: WriteList }> {
  const standing = await standingTokens(session, hub, claims, session.dialect.forUpdate);
  // Of two results for one claim the first counts.
  const valid = claims.map(({ claimToken }) => standing.delete(claimToken));
  const list = session.newList();
  deleteClaims(list, hub, claims.filter((_, index) => valid[index]));
  return { valid, list };
}

async function standingTokens(session: Session, hub: number, claims: readonly RunningActivity[], lock: string): Promise<Set<string>> {
  const rows = await session.selectMany<{ claim_token: string }>(
    'claim_token', 'durable_activities_running', [...KEY, 'claim_token'], claims.map((claim) => claimValues(hub, claim)), lock,
  );
  return new Set(rows.map(({ claim_token }) => claim_token));
}

export async function readRunning(session: Session, hub: number, partitions: readonly number[]): Promise<RunningActivity[]> {
  const rows = await session.selectMany<ClaimRow>(
    [...CLAIM.slice(1), COUNT].join(', '), 'durable_activities_running', ['hub', 'partition_no'], partitions.map((partition) => [hub, partition]),
  );
  return rows.map((row) => ({ ...toWork(row), claimToken: row.claim_token, claimedBy: row.claimed_by }));
}

export async function findLostClaims(session: Session, hub: number, claims: readonly RunningActivity[]): Promise<RunningActivity[]> {
  const standing = await standingTokens(session, hub, claims, '');
  return claims.filter(({ claimToken }) => !standing.has(claimToken));
}
