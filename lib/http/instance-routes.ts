/** Starting, asking for, and deleting instances [W1–W5]. */
import { BadRequestException, NotFoundException } from '@nestjs/common';
import type { StartNewOptions } from '../client/index.js';
import { InstanceNotFoundError, isFinished } from '../core/index.js';
import { accepted, MAX_TOP, page, tokenOf, type ApiCall } from './api-call.js';
import type { ApiAnswer } from './answer.js';
import { instanceStatus } from './instance-status.js';
import { rawOf } from './requests.js';

/** How long is waited for the end of an instance before it is asked whether the caller is still there, ms. */
const WAIT_STEP = 10_000;

/** [W1] */
export async function start(call: ApiCall, name: string, id?: string): Promise<ApiAnswer> {
  const { request, client, query, bodies } = call;
  const version = query.text('version');
  const timeout = query.seconds('timeout');
  const interval = query.seconds('pollingInterval');
  // What it must be is startNew's to say.
  const onConflict = query.text('onConflict') as StartNewOptions['onConflict'];
  const instanceId = await client.startNew(name, { instanceId: id, version, onConflict, input: bodies.jsonOf(request) });
  if (timeout === undefined) return accepted(call, instanceId);
  const answer = await waitWhileWanted(call, instanceId, timeout, interval);
  return answer.status === 202 ? accepted(call, instanceId) : answer;
}

/** A caller may wait for days, and may be gone long before. */
async function waitWhileWanted({ client, request }: ApiCall, instanceId: string, timeout: number, interval: number | undefined): Promise<ApiAnswer> {
  for (let left = timeout; ; left -= WAIT_STEP) {
    const answer = await client.waitForCompletionOrCreateCheckStatusResponse(request, instanceId, { timeout: Math.min(left, WAIT_STEP), interval });
    if (answer.status !== 202 || left <= WAIT_STEP || rawOf(request).socket.destroyed) return answer;
  }
}

/** [W2] */
export async function getStatus({ client, query, links }: ApiCall, id: string): Promise<ApiAnswer> {
  const fails = query.flag('returnInternalServerErrorOnFailure', false);
  const status = await client.getStatus(id, {
    showHistory: query.flag('showHistory', false),
    showHistoryOutput: query.flag('showHistoryOutput', false),
    showInput: query.flag('showInput', true),
  });
  if (status === null) throw new InstanceNotFoundError(id);
  const body = instanceStatus(status);
  if (!isFinished(status.runtimeStatus)) {
    return { status: 202, headers: { Location: links(id).statusQueryGetUri, 'Retry-After': '5' }, body };
  }
  return { status: fails && status.runtimeStatus === 'Failed' ? 500 : 200, body };
}

/** [W3] */
export async function list(call: ApiCall): Promise<ApiAnswer> {
  const { client, query } = call;
  const { instances, continuationToken } = await client.getStatusBy({
    instanceIdPrefix: query.text('instanceIdPrefix') || undefined,
    createdTimeFrom: query.time('createdTimeFrom'),
    createdTimeTo: query.time('createdTimeTo'),
    runtimeStatus: query.statuses('runtimeStatus'),
    showInput: query.flag('showInput', true),
    pageSize: query.count('top', MAX_TOP),
    continuationToken: tokenOf(call),
  });
  return page(instances.map(instanceStatus), continuationToken);
}

/** [W4] */
export async function purge({ client }: ApiCall, id: string): Promise<ApiAnswer> {
  const result = await client.purgeInstanceHistory(id);
  if (result.instancesDeleted === 0) throw new InstanceNotFoundError(id);
  return { status: 200, body: result };
}

/** [W5] */
export async function purgeBy({ client, query }: ApiCall): Promise<ApiAnswer> {
  const createdTimeFrom = query.time('createdTimeFrom');
  if (createdTimeFrom === undefined) throw new BadRequestException("The parameter 'createdTimeFrom' is missing: from which time of creation to purge.");
  const result = await client.purgeInstanceHistoryBy({
    createdTimeFrom, createdTimeTo: query.time('createdTimeTo'), runtimeStatus: query.statuses('runtimeStatus'),
  });
  if (result.instancesDeleted === 0) throw new NotFoundException('There is no finished instance that meets the filter.');
  return { status: 200, body: result };
}
