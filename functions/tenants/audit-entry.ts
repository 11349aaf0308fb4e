/** What an operator asked for. Never a secret: keys appear by their ids. */
export interface AuditAction {
  readonly requestId: string;
  /** Which of the two admin keys. */
  readonly admin: "current" | "previous";
  /** Method and route, as in "POST /admin/v1/tenants". */
  readonly action: string;
  readonly tenant: string | null;
  /** The request's checked body. */
  readonly detail: object;
}

export interface AuditEntry extends AuditAction {
  readonly id: number;
  readonly atMs: number;
  /** Of the answer; null when it was never given. */
  readonly status: number | null;
}
