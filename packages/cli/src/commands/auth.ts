import { authList } from "./auth-list";
import { authLogin } from "./auth-login";
import { authSetDefault } from "./auth-set-default";
import { authTest } from "./auth-test";
import { authWhoami } from "./auth-whoami";

export const authCommands = [authLogin, authList, authTest, authSetDefault, authWhoami];
