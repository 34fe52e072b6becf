/** What is sent to instances [W6–W9]. */
import { BadRequestException, GoneException, PreconditionFailedException } from '@nestjs/common';
import { InstanceNotFoundError, InvalidInstanceStateError, isFinished } from '../core/index.js';
import { ACCEPTED, accepted, type ApiCall } from './api-call.js';
import type { ApiAnswer } from './answer.js';

/** [W6] An empty body is an event with null. */
export async function raiseEvent({ client, request, bodies }: ApiCall, id: string, event: string): Promise<ApiAnswer> {
  await client.raiseEvent(id, event, bodies.jsonOf(request) ?? null);
  return ACCEPTED;
}

/** [W7] */
export async function terminate({ client, query }: ApiCall, id: string): Promise<ApiAnswer> {
  await client.terminate(id, query.text('reason'));
  return ACCEPTED;
}

/** [W7] */
export async function suspend({ client, query }: ApiCall, id: string): Promise<ApiAnswer> {
  await client.suspend(id, query.text('reason'));
  return ACCEPTED;
}

/** [W7] */
export async function resume({ client, query }: ApiCall, id: string): Promise<ApiAnswer> {
  await client.resume(id, query.text('reason'));
  return ACCEPTED;
}

/** [W8] */
export async function rewind({ client, query }: ApiCall, id: string): Promise<ApiAnswer> {
  await client.rewind(id, query.text('reason')).catch((error: unknown) => {
    if (!(error instanceof InvalidInstanceStateError)) throw error;
    throw new (isFinished(error.status) ? GoneException : PreconditionFailedException)(error.message);
  });
  return ACCEPTED;
}

/** [W9] Of a missing instance it is the request that is wrong: 400, as Durable Functions has it. */
export async function restart(call: ApiCall, id: string): Promise<ApiAnswer> {
  const newInstanceId = call.query.flag('restartWithNewInstanceId', true);
  const instanceId = await call.client.restart(id, { newInstanceId }).catch((error: unknown) => {
    throw error instanceof InstanceNotFoundError ? new BadRequestException(error.message) : error;
  });
  return accepted(call, instanceId);
}
