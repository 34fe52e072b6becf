/** What tests of applications that use the module need. */
export { VirtualClock } from './virtual-clock.js';
