import { undo } from './global-setup.js';

/** jest's globalTeardown: ends and removes what globalSetup made. */
export default async function globalTeardown() {
  for (let step = undo.pop(); step; step = undo.pop()) await step();
}
