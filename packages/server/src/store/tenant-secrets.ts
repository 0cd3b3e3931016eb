import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { Secret } from "@ntro/contract";
import type { TenantDatabases } from "./tenant-databases";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A tenant's secrets in its own database, encrypted under a key that only the server can make. */
export class TenantSecrets {
  /** @param secret of the server */
  constructor(
    private readonly tenants: TenantDatabases,
    private readonly secret: Buffer,
  ) {}

  /** Names, when they were set and by whom; never values. */
  async list(tenantId: string): Promise<Secret[]> {
    const rows = await this.tenants.query<{ name: string; updated_at: Date; updated_by: string }>(
      tenantId,
      `select name, updated_at, updated_by from ntro.secrets order by name`,
    );
    return rows.map((row) => ({ name: row.name, updatedAt: row.updated_at.toISOString(), updatedBy: row.updated_by }));
  }

  /** Sets a secret, in place of an earlier value. */
  async put(tenantId: string, name: string, value: string, by: string): Promise<Secret> {
    const [row] = await this.tenants.query<{ updated_at: Date }>(
      tenantId,
      `insert into ntro.secrets (name, ciphertext, updated_by) values ($1, $2, $3)
       on conflict (name) do update set ciphertext = excluded.ciphertext, updated_by = excluded.updated_by, updated_at = now()
       returning updated_at`,
      [name, this.#seal(tenantId, name, value), by],
    );
    if (!row) throw new Error("the secret was not kept");
    return { name, updatedAt: row.updated_at.toISOString(), updatedBy: by };
  }

  /** Whether there was one to remove. */
  async remove(tenantId: string, name: string): Promise<boolean> {
    const rows = await this.tenants.query(tenantId, `delete from ntro.secrets where name = $1 returning name`, [name]);
    return rows.length > 0;
  }

  /**
   * The values by name, for the tenant's hosts alone.
   * @throws Error when one cannot be opened: it was written under another server's secret, or changed
   */
  async read(tenantId: string): Promise<Record<string, string>> {
    const rows = await this.tenants.query<{ name: string; ciphertext: Buffer }>(
      tenantId,
      `select name, ciphertext from ntro.secrets order by name`,
    );
    return Object.fromEntries(rows.map(({ name, ciphertext }) => [name, this.#open(tenantId, name, ciphertext)]));
  }

  #key(tenantId: string): Buffer {
    return Buffer.from(hkdfSync("sha256", this.secret, tenantId, "tenant-secrets", 32));
  }

  /** Nonce, tag and text. The name is part of what the tag covers, so a value cannot be moved to another name. */
  #seal(tenantId: string, name: string, value: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key(tenantId), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(name));
    const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]);
  }

  #open(tenantId: string, name: string, sealed: Buffer): string {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#key(tenantId), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(name));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      return decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch (cause) {
      throw new Error(`The secret ${name} of the tenant ${tenantId} cannot be opened with this server's secret.`, {
        cause,
      });
    }
  }
}
