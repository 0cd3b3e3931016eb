import { entityAiReset, entityAiSet, entityAiShow } from "./entity-ai";
import { entityCreate } from "./entity-create";
import { entityInfo } from "./entity-info";
import { entityList } from "./entity-list";

export const entityCommands = [entityCreate, entityList, entityInfo, entityAiShow, entityAiSet, entityAiReset];
