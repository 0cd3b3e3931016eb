import { describe, expect, it } from "vitest";
import { authorKey, hashKey, hostKey, makeKey, readTenantKey, tenantDatabasePassword } from "./secrets";

const secret = Buffer.alloc(32, 1);
const tenant = "7a0a3c3e-6d3b-4f5c-9d0e-0123456789ab";

describe("a tenant's derived key", () => {
  it.each([
    ["a host's", hostKey, "worker"],
    ["that of author code", authorKey, "author"],
  ] as const)("names its tenant and role, and is good under its server's secret only: %s", (_, make, role) => {
    const key = make(secret, tenant);
    expect(readTenantKey(secret, key)).toEqual({ tenantId: tenant, role });
    expect(readTenantKey(Buffer.alloc(32, 2), key)).toBeUndefined();
  });

  it.each([
    ["another tenant's name", (key: string) => key.replace("7a0a", "7a0b")],
    ["a changed digest", (key: string) => `${key.slice(0, -1)}${key.endsWith("A") ? "B" : "A"}`],
    ["something after it", (key: string) => `${key}x`],
    ["no digest", (key: string) => key.slice(0, 46)],
    ["a key of a person", () => makeKey()],
    ["another role's name", (key: string) => key.replace("ntro_host_", "ntro_code_")],
  ])("is no good with %s", (_, change) => {
    expect(readTenantKey(secret, change(hostKey(secret, tenant)))).toBeUndefined();
  });
});

describe("derived secrets", () => {
  it("differ by tenant and purpose", () => {
    const other = "7a0a3c3e-6d3b-4f5c-9d0e-0123456789ac";
    const all = [
      tenantDatabasePassword(secret, tenant),
      tenantDatabasePassword(secret, other),
      hostKey(secret, tenant).slice(47),
      hostKey(secret, other).slice(47),
      authorKey(secret, tenant).slice(47),
    ];
    expect(new Set(all).size).toBe(5);
  });

  it("are random where they are keys, and kept as sha256", () => {
    expect(makeKey()).not.toBe(makeKey());
    expect(hashKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
