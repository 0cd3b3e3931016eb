import { tenantAiReset, tenantAiSet, tenantAiShow } from "./tenant-ai";
import { tenantCreate } from "./tenant-create";
import { tenantDelete } from "./tenant-delete";
import { tenantInfo } from "./tenant-info";
import { tenantList } from "./tenant-list";
import { tenantSecretList, tenantSecretRemove, tenantSecretSet } from "./tenant-secret";

export const tenantCommands = [
  tenantCreate,
  tenantList,
  tenantInfo,
  tenantDelete,
  tenantAiShow,
  tenantAiSet,
  tenantAiReset,
  tenantSecretSet,
  tenantSecretList,
  tenantSecretRemove,
];
