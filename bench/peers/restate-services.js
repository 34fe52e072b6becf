/** What runs on Restate: the same sequences with steps in the handler, and with calls of a service's handlers as steps. */
import { object, RestatePromise, service } from '@restatedev/restate-sdk';
import { charge, increment, reserve, ship, sumOf } from './order.js';

/**
 * @typedef {import('./order.js').Order} Order
 * @typedef {import('@restatedev/restate-sdk').Context} Context
 * @typedef {import('@restatedev/restate-sdk').ObjectContext} ObjectContext
 */

/** The steps as handlers: each call of one is an invocation of its own, which any process of the service may carry out. */
const steps = service({
  name: 'steps',
  handlers: {
    reserve: (/** @type {Context} */ _ctx, /** @type {Order} */ order) => reserve(order),
    charge: (/** @type {Context} */ _ctx, /** @type {Order} */ order) => charge(order),
    ship: (/** @type {Context} */ _ctx, /** @type {Order} */ order) => ship(order),
    increment: (/** @type {Context} */ _ctx, /** @type {number} */ number) => increment(number),
  },
});

export const inline = service({
  name: 'inline',
  handlers: {
    fulfil: async (/** @type {Context} */ ctx, /** @type {Order} */ order) => {
      const reserved = await ctx.run('reserve', () => reserve(order));
      const charged = await ctx.run('charge', () => charge(reserved));
      return await ctx.run('ship', () => ship(charged));
    },
    sequence: async (/** @type {Context} */ ctx, /** @type {number} */ count) => {
      let last = 0;
      for (let step = 0; step < count; step += 1) {
        const taken = last;
        last = await ctx.run('increment', () => increment(taken));
      }
      return last;
    },
    fanOut: async (/** @type {Context} */ ctx, /** @type {number} */ count) =>
      sumOf(await RestatePromise.all(Array.from({ length: count }, () => ctx.run('increment', () => increment(0))))),
  },
});

export const calling = service({
  name: 'calling',
  handlers: {
    fulfil: async (/** @type {Context} */ ctx, /** @type {Order} */ order) => {
      const client = ctx.serviceClient(steps);
      return await client.ship(await client.charge(await client.reserve(order)));
    },
    sequence: async (/** @type {Context} */ ctx, /** @type {number} */ count) => {
      let last = 0;
      for (let step = 0; step < count; step += 1) last = await ctx.serviceClient(steps).increment(last);
      return last;
    },
    fanOut: async (/** @type {Context} */ ctx, /** @type {number} */ count) =>
      sumOf(await RestatePromise.all(Array.from({ length: count }, () => ctx.serviceClient(steps).increment(0)))),
  },
});

export const counter = object({
  name: 'counter',
  handlers: {
    add: async (/** @type {ObjectContext} */ ctx, /** @type {number} */ amount) => {
      const value = ((await ctx.get('value')) ?? 0) + amount;
      ctx.set('value', value);
      return value;
    },
  },
});

export const callers = service({
  name: 'callers',
  handlers: {
    /** Calls one counter, one call after the other. */
    count: async (/** @type {Context} */ ctx, /** @type {{ key: string, calls: number }} */ { key, calls }) => {
      for (let call = 0; call < calls; call += 1) await ctx.objectClient(counter, key).add(1);
    },
  },
});

export const services = [steps, inline, calling, counter, callers];
