import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 32;
/** 96 bits: nobody finds a check by trying, and a key stays short enough to paste. */
const CHECK_HEX_DIGITS = 24;
const KEY_PATTERN = /^lap_([a-z0-9-]{1,40})_([0-9a-f]{64})_([0-9a-f]{24})$/;

/** The name of a tenant: part of its keys and the name of its ledger. */
export const TENANT_PATTERN = /^[a-z0-9-]{1,40}$/;

export interface VerifiedKey {
  readonly tenant: string;
  /** Hex SHA-256 of the key's secret, which is all that a ledger knows of it. */
  readonly secretSha256: string;
}

/** Makes a new API key `lap_<tenant>_<secret>_<check>`. */
export function mintKey(tenant: string, keySecret: string): { key: string; secretSha256: string } {
  const secret = randomBytes(SECRET_BYTES).toString("hex");
  return { key: `lap_${tenant}_${secret}_${keyCheck(tenant, secret, keySecret)}`, secretSha256: sha256Hex(secret) };
}

/**
 * The tenant and secret hash of a key whose check is right, else undefined: keys that were never minted with this
 * `keySecret` are known without asking any object.
 */
export function verifyKey(key: string, keySecret: string): VerifiedKey | undefined {
  const [, tenant, secret, check] = KEY_PATTERN.exec(key) ?? [];
  if (!tenant || !secret || !check) return undefined;
  if (!timingSafeEqual(Buffer.from(check), Buffer.from(keyCheck(tenant, secret, keySecret)))) return undefined;
  return { tenant, secretSha256: sha256Hex(secret) };
}

/** Compares a presented secret with the right one in a time that says nothing about either. */
export function secretsEqual(presented: string, right: string): boolean {
  return timingSafeEqual(createHash("sha256").update(presented).digest(), createHash("sha256").update(right).digest());
}

function keyCheck(tenant: string, secret: string, keySecret: string): string {
  return createHmac("sha256", keySecret).update(`${tenant}_${secret}`).digest("hex").slice(0, CHECK_HEX_DIGITS);
}

const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");
