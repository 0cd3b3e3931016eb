/** Which tenant a command works in. */
export const tenantOption = { value: "slug", help: "Tenant (NTRO_TENANT, else the connection's default)" } as const;
/** Which entity of the tenant. */
export const entityOption = { value: "slug", help: "Entity (NTRO_ENTITY, else the connection's default)" } as const;
/** How many rows a list gives at most. */
export const limitOption = { value: "n", help: "At most this many rows, 1 to 500 (default 100)" } as const;
/** The request's body, for what has no flag. */
export const jsonOption = { value: "json", help: "The body as JSON, inline or @file; flags win over it" } as const;
