import { tenantCreate } from "./tenant-create";
import { tenantDelete } from "./tenant-delete";
import { tenantInfo } from "./tenant-info";
import { tenantList } from "./tenant-list";

export const tenantCommands = [tenantCreate, tenantList, tenantInfo, tenantDelete];
