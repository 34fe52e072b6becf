export { ManagementApi, type ManagementApiOptions } from './management-api.js';
export { createManagementController } from './management-controller.js';
