/** What tests of applications that use the module need. */
export { DURABLE_CLOCK } from '../nest/durable.constants.js';
export { VirtualClock } from './virtual-clock.js';
