import { Injectable } from '@nestjs/common';
import { Entity, EntityId, type EntityContext } from 'nestjs-durable';
import { hour } from '../../client/states.js';
import { expectRefusal, useApi } from '../support/harness.js';

const LIMIT = 4_096;

@Injectable()
class Shelf {
  /** Keeps what `put` brings; `put` takes no input as null. */
  @Entity()
  box(ctx: EntityContext<unknown>): void {
    if (ctx.operationName === 'put') ctx.setState(ctx.getInput() ?? null);
    else if (ctx.operationName === 'delete') ctx.destructOnExit();
    else throw new RangeError(`a box cannot ${ctx.operationName}`);
  }

  @Entity()
  Basket(ctx: EntityContext<number>): void {
    ctx.setState(ctx.getState(() => 0) + 1);
  }
}

const row = useApi({ providers: [Shelf], settings: { maxPayloadBytes: LIMIT } });

const boxOf = (key: string): EntityId => new EntityId('box', key);

describe('GET entities/{name}/{key}', () => {
  row('[W10] [O4] 200 with the state as it is', async ({ GET, client, id, stateBecomes }) => {
    for (const [index, state] of [{ cups: 2 }, 0, '', false, [1]].entries()) {
      const box = boxOf(id(`${index}`));
      await client.signalEntity(box, 'put', state);
      await stateBecomes(box, state);
      const answer = await GET(`entities/box/${box.key}`);
      expect([answer.status, answer.text]).toEqual([200, JSON.stringify(state)]);
      expect((await GET(`entities/BOX/${box.key}`)).status).toBe(200);
    }
  });

  row('[W10] 404 for one that does not exist; keys keep their case', async ({ GET, client, id, stateBecomes }) => {
    await client.signalEntity(boxOf(id('a')), 'put', 1);
    await stateBecomes(boxOf(id('a')), 1);
    expectRefusal(await GET(`entities/box/${id('A')}`), 404, id('A'));
    expectRefusal(await GET(`entities/unknown/${id('a')}`), 404);
  });
});

describe('POST entities/{name}/{key}', () => {
  row('[W12] 202, and the operation is carried out with the body as input', async ({ POST, id, stateBecomes }) => {
    for (const input of [{ cups: 1 }, 0, '', false, null]) {
      const box = boxOf(id(JSON.stringify(input).replace(/\W/g, '')));
      const { status, text } = await POST(`entities/box/${box.key}?op=put`, { json: input });
      expect([status, text]).toEqual([202, '']);
      await stateBecomes(box, input);
    }
    for (const [index, request] of [{}, { text: '' }].entries()) {
      expect((await POST(`entities/Box/${id(`none-${index}`)}?op=put&connection=x`, request)).status).toBe(202);
      await stateBecomes(boxOf(id(`none-${index}`)), null);
    }
  });

  row('[W12] keys need not be of plain letters', async ({ POST, GET, id, stateBecomes }) => {
    const key = id("ä b+c%&=@é '🦄");
    expect((await POST(`entities/box/${encodeURIComponent(key)}?op=put`, { json: 1 })).status).toBe(202);
    await stateBecomes(boxOf(key), 1);
    expect((await GET(`entities/box/${encodeURIComponent(key)}`)).body).toBe(1);
  });

  row('[W12] 400 for a body that is no JSON, no operation, or a name or key that cannot be; nothing is sent', async ({ POST, client, id }) => {
    for (const text of ['{', 'put', '[1,]']) expectRefusal(await POST(`entities/box/${id('a')}?op=put`, { text }), 400, 'JSON');
    for (const query of ['', '?op=', '?operation=put']) expectRefusal(await POST(`entities/box/${id('a')}${query}`, { json: 1 }), 400, 'op');
    expectRefusal(await POST(`entities/b%40x/${id('a')}?op=put`, { json: 1 }), 400);
    expectRefusal(await POST(`entities/box/${id('x'.repeat(260))}?op=put`, { json: 1 }), 400);
    expectRefusal(await POST(`entities/box/${id('a')}?op=put`, { json: 'x'.repeat(LIMIT) }), 413);
    expect(await client.readEntityState(boxOf(id('a')))).toMatchObject({ entityExists: false });
  });
});

describe('DELETE entities/{name}/{key}', () => {
  row('[W13] 202: the entity is sent the operation delete', async ({ POST, DELETE, GET, client, id, stateBecomes, eventually }) => {
    await POST(`entities/box/${id('a')}?op=put`, { json: 1 });
    await stateBecomes(boxOf(id('a')), 1);
    const { status, text } = await DELETE(`entities/box/${id('a')}`);
    expect([status, text]).toEqual([202, '']);
    await eventually(async () => !(await client.readEntityState(boxOf(id('a')))).entityExists);
    expect((await GET(`entities/box/${id('a')}`)).status).toBe(404);
    expect((await DELETE(`entities/box/${id('a')}`)).status).toBe(202);
  });
});

describe('DELETE entities/{name}/{key} refuses', () => {
  row('[W13] 400: a name or key that cannot be', async ({ DELETE, id }) => {
    expectRefusal(await DELETE(`entities/b%40x/${id('a')}`), 400);
    expectRefusal(await DELETE(`entities/box/${id('x'.repeat(260))}`), 400);
    expectRefusal(await DELETE('entities/box/%00'), 400);
  });
});

describe('GET entities/{name?}', () => {
  interface Listed { readonly entityId: { readonly name: string; readonly key: string } }

  const keysOf = ({ body }: { body: Listed[] }, prefix: string): string[] =>
    body.map(({ entityId }) => entityId.key).filter((key) => key.startsWith(prefix)).sort();

  row('[W11] 200 with an array: id and last operation, with fetchState the state', async ({ GET, client, id, stateBecomes }) => {
    await client.signalEntity(boxOf(id('1')), 'put', { cups: 1 });
    await stateBecomes(boxOf(id('1')), { cups: 1 });
    const find = async (path: string) => {
      const { status, body } = await GET(path);
      expect(status).toBe(200);
      return (body as Listed[]).find(({ entityId }) => entityId.key === id('1'));
    };
    const entity = { entityId: { name: 'box', key: id('1') }, lastOperationTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) };
    for (const path of ['entities', 'entities/', 'entities/box', 'entities/BOX', 'entities/?fetchState=false']) expect(await find(path)).toEqual(entity);
    for (const path of ['entities/?fetchState=true', 'entities/box?fetchState=True']) expect(await find(path)).toEqual({ ...entity, state: { cups: 1 } });
    expect(await find('entities/basket')).toBeUndefined();
  });

  row('[W11] an empty array when there is none', async ({ GET }) => {
    const { status, body } = await GET('entities/none');
    expect([status, body]).toEqual([200, []]);
  });

  row('[W11] lastOperationTimeFrom and lastOperationTimeTo', async ({ GET, client, id, clock, stateBecomes }) => {
    await client.signalEntity(boxOf(id('early')), 'put', 1);
    await stateBecomes(boxOf(id('early')), 1);
    clock.advance(hour);
    await client.signalEntity(boxOf(id('late')), 'put', 1);
    await stateBecomes(boxOf(id('late')), 1);
    const { entities } = await client.listEntities({ entityName: 'box', pageSize: 1_000 });
    const { lastOperationTime } = entities.find(({ entityId }) => entityId.key === id('late'))!;
    const ask = async (query: string) => keysOf(await GET(`entities/box?${query}`), id(''));
    expect(await ask(`lastOperationTimeFrom=${lastOperationTime.toISOString()}`)).toEqual([id('late')]);
    expect(await ask(`lastOperationTimeTo=${new Date(lastOperationTime.getTime() - 1).toISOString()}`)).toEqual([id('early')]);
    expect(await ask('lastOperationTimeFrom=2020-01-01')).toEqual([id('early'), id('late')]);
  });

  row('[W11] top limits a page, and x-ms-continuation-token leads to the next one', async ({ GET, client, id, state, eventually }) => {
    const keys = ['1', '2', '3'].map((label) => id(label));
    for (const key of keys) await client.signalEntity(new EntityId('basket', key), 'add');
    for (const key of keys) await eventually(async () => (await state(new EntityId('basket', key))) !== undefined);
    const found: string[] = [];
    let token: string | null | undefined;
    do {
      const answer = await GET('entities/basket?top=2', { headers: token ? { 'x-ms-continuation-token': token } : {} });
      expect(answer.body.length).toBeLessThanOrEqual(2);
      found.push(...keysOf(answer, id('')));
      token = answer.headers.get('x-ms-continuation-token');
    } while (token !== null);
    expect(found.sort()).toEqual(keys);
  });

  row('[W11] 400 for a date, a number, a switch or a token that is none', async ({ GET }) => {
    expectRefusal(await GET('entities/box?lastOperationTimeFrom=x'), 400, 'lastOperationTimeFrom');
    expectRefusal(await GET('entities/box?lastOperationTimeTo=x'), 400, 'lastOperationTimeTo');
    expectRefusal(await GET('entities/box?top=x'), 400, 'top');
    expectRefusal(await GET('entities/box?fetchState=x'), 400, 'fetchState');
    expectRefusal(await GET('entities/', { headers: { 'x-ms-continuation-token': 'x' } }), 400, 'ontinuation');
  });
});
