import { describe, expect, it } from "vitest";
import { actorOf, isPermitted, mayTouch } from "./access";
import { normaliseName } from "./entity-name";
import { notFound } from "./not-found";

describe("access", () => {
  it("is by role", () => {
    expect(isPermitted({ role: "reviewer", tenantId: null }, "decide")).toBe(true);
    expect(isPermitted({ role: "reviewer", tenantId: null }, "run")).toBe(false);
    expect(isPermitted({ role: "admin", tenantId: null }, "worker")).toBe(false);
  });

  it("is to every tenant for a key of the organisation, to one for a key of one", () => {
    expect(mayTouch({ role: "viewer", tenantId: null }, "a")).toBe(true);
    expect(mayTouch({ role: "viewer", tenantId: "a" }, "a")).toBe(true);
    expect(mayTouch({ role: "admin", tenantId: "b" }, "a")).toBe(false);
  });

  it("is audited by key and name", () => {
    const caller = { keyId: "k", name: "Ann", role: "reviewer" as const, tenantId: null };
    expect(actorOf(caller)).toEqual({ id: "k", name: "Ann", via: "person" });
    expect(actorOf({ ...caller, role: "worker" }).via).toBe("system");
  });
});

describe("notFound", () => {
  it("names the near ones, or what else to do", () => {
    const error = notFound("TENANT_NOT_FOUND", "tenant", "acme-fun", ["acme-fund", "other"], "List them.");
    expect(error).toMatchObject({ message: "There is no tenant `acme-fun`.", hint: "Did you mean acme-fund?" });
    expect(notFound("TENANT_NOT_FOUND", "tenant", "zzz", ["acme-fund"], "List them.").hint).toBe("List them.");
  });
});

describe("normaliseName", () => {
  it.each([
    ["Acme SPV 1 Ltd.", "ACME SPV-1"],
    ["Société Générale SA", "societe generale"],
    ["Limited", "LIMITED"],
  ])("%s is %s", (one, other) => {
    expect(normaliseName(one)).toBe(normaliseName(other));
  });

  it("tells numbers apart", () => {
    expect(normaliseName("Acme SPV 1")).not.toBe(normaliseName("Acme SPV 2"));
  });
});
