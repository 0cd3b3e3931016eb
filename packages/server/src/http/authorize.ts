import { NtroError, ROUTES, type RouteName } from "@ntro/contract";
import { isPermitted } from "../core/access";
import type { Services } from "../services";
import { findKeyHolder } from "../store/keys";
import type { Caller } from "./handler";

/** Routes that concern the whole organisation: a key of one tenant may not use them, whatever its role. */
const ORGANISATION_ROUTES: ReadonlySet<RouteName> = new Set<RouteName>(["tenants.create", "tenants.delete"]);

/**
 * Who asks, and whether the route is open to them. The only place where this is decided.
 * @param headers the one of every client, and the one in which the published SDK sends its key with what models think aloud
 * @throws NtroError `UNAUTHENTICATED` or `FORBIDDEN`
 */
export async function authorize(
  services: Services,
  route: RouteName,
  headers: { readonly authorization?: string | undefined; readonly "x-ntro-events-key"?: string | undefined },
): Promise<Caller | null> {
  const { permission } = ROUTES[route];
  if (permission === null) return null;
  const key =
    /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1] ?? eventsKey(route, headers["x-ntro-events-key"]);
  if (key === undefined)
    throw new NtroError("UNAUTHENTICATED", "The request has no API key.", {
      hint: "Send `Authorization: Bearer <key>`; `ntro auth login` keeps a key for the CLI.",
    });
  const caller = await findKeyHolder(services.db, services.settings.secret, key);
  if (caller === undefined)
    throw new NtroError("UNAUTHENTICATED", "The API key is not known, or it was revoked.", {
      hint: "`ntro auth list` shows which connection is used, `ntro auth login` changes its key.",
    });
  if (!isPermitted(caller, permission))
    throw new NtroError("FORBIDDEN", `The role ${caller.role} of this key does not allow this.`, {
      hint: "Ask an admin for a key of another role.",
    });
  if (caller.tenantId !== null && ORGANISATION_ROUTES.has(route))
    throw new NtroError("FORBIDDEN", "This key is for one tenant; this needs a key of the organisation.");
  return caller;
}

function eventsKey(route: RouteName, header: string | undefined): string | undefined {
  return route === "tasks.addReasoning" ? header : undefined;
}
