import * as z from "zod";
import type { Permission } from "./permissions";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A route: what it is called, what it takes and answers, and the permission it asks for (`null`: open to anybody). */
export interface Route {
  readonly method: Method;
  /** Below `/v1`; `:name` marks a parameter. */
  readonly path: string;
  readonly permission: Permission | null;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** `none` answers 204; `stream` is server-sent events; `multipart` takes form data with one file. */
  readonly answer: z.ZodType | "none" | "stream";
  readonly multipart?: true;
  /** A POST that creates: takes an Idempotency-Key. */
  readonly creates?: true;
}

/** A route, with its literal types kept. */
export const route = <const R extends Route>(definition: R): R => definition;

/** Query of every list that goes on. */
export const page = { limit: z.coerce.number().int().min(1).max(500).default(100), cursor: z.string().optional() };
/** A list of something. */
export const listOf = <T extends z.ZodType>(item: T) => z.array(item);
/** Query that limits a route to one tenant, by id or slug. */
export const inTenant = { tenant: z.string().optional() };
/** The answer of what has nothing to tell. */
export const Ok = z.object({ ok: z.literal(true) });
