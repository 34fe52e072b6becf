/** Entities [W10–W13]. */
import { BadRequestException, NotFoundException } from '@nestjs/common';
import { inSeconds, type EntityMetadata } from '../client/index.js';
import { EntityId } from '../core/index.js';
import { ACCEPTED, MAX_TOP, page, tokenOf, type ApiCall } from './api-call.js';
import type { ApiAnswer } from './answer.js';

/** [W10] */
export async function readEntity({ client }: ApiCall, name: string, key: string): Promise<ApiAnswer> {
  const id = new EntityId(name, key);
  const { entityExists, entityState } = await client.readEntityState(id);
  if (!entityExists) throw new NotFoundException(`There is no entity '${String(id)}' in this task hub.`);
  return { status: 200, body: entityState };
}

/** [W11] */
export async function listEntities(call: ApiCall, name?: string): Promise<ApiAnswer> {
  const { client, query } = call;
  const fetchState = query.flag('fetchState', false);
  const { entities, continuationToken } = await client.listEntities({
    entityName: name,
    fetchState,
    lastOperationTimeFrom: query.time('lastOperationTimeFrom'),
    lastOperationTimeTo: query.time('lastOperationTimeTo'),
    pageSize: query.count('top', MAX_TOP),
    continuationToken: tokenOf(call),
  });
  return page(entities.map((entity) => listed(entity, fetchState)), continuationToken);
}

/** [W12] */
export async function signalEntity({ client, query, request, bodies }: ApiCall, name: string, key: string): Promise<ApiAnswer> {
  const operation = query.text('op');
  if (!operation) throw new BadRequestException("The parameter 'op' is missing: the operation that the entity is to carry out.");
  await client.signalEntity(new EntityId(name, key), operation, bodies.jsonOf(request));
  return ACCEPTED;
}

/** [W13] */
export async function deleteEntity({ client }: ApiCall, name: string, key: string): Promise<ApiAnswer> {
  await client.signalEntity(new EntityId(name, key), 'delete');
  return ACCEPTED;
}

function listed({ entityId, lastOperationTime, state }: EntityMetadata, fetchState: boolean): object {
  const { name, key } = entityId;
  return { entityId: { name, key }, lastOperationTime: inSeconds(lastOperationTime), ...(fetchState && { state: state ?? null }) };
}
