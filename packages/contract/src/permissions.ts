import * as z from "zod";

/** Roles of a key, from most to least. `worker` is for workers and hosts alone, `author` for the code that a host runs. */
export const Role = z.enum(["admin", "operator", "reviewer", "viewer", "worker", "author"]);
export type Role = z.infer<typeof Role>;

/** What a route asks for. */
export const Permission = z.enum(["self", "read", "run", "decide", "build", "admin", "worker", "tell"]);
export type Permission = z.infer<typeof Permission>;

/** The one table of role → permissions. */
export const PERMISSIONS: Record<Role, readonly Permission[]> = {
  admin: ["self", "read", "run", "decide", "build", "admin"],
  operator: ["self", "read", "run", "decide", "build"],
  reviewer: ["self", "read", "decide"],
  viewer: ["self", "read"],
  worker: ["self", "worker"],
  author: ["self", "read", "tell"],
};
